import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { percentile, printFigures, spread } from '../../harness/figures.js';
import type { RelayAppConfig, RelayOrder, RelayTold } from '../apps/relay-app.protocol.js';
import { Child } from '../harness/child.js';
import { testFolder } from '../harness/store-row.js';

type RelayApp = Child<RelayTold, RelayOrder>;

const SHORT_LEASE_MS = 300;

async function start(config: RelayAppConfig): Promise<RelayApp> {
  const app: RelayApp = new Child('relay-app', config);
  await app.until('up', () => app.told.length > 0);
  return app;
}

async function subscribe(app: RelayApp, pattern: string): Promise<void> {
  app.order({ do: 'subscribe', pattern });
  const isDone = () => app.of('subscribed').some((told) => told.pattern === pattern);
  await app.until(`a subscription to ${pattern}`, isDone);
}

async function publish(
  app: RelayApp,
  topic: string,
  { count = 1, atOnce = 1, retain = 0 } = {},
): Promise<Extract<RelayTold, { type: 'published' }>['results']> {
  const before = app.of('published').length;
  app.order({ do: 'publish', topic, count, atOnce, retain });
  await app.until('its messages published', () => app.of('published').length > before);
  return app.of('published').at(-1)!.results;
}

async function connections(app: RelayApp, nodeId: string) {
  const before = app.of('connections').length;
  app.order({ do: 'connections', nodeId });
  await app.until('a list of connections', () => app.of('connections').length > before);
  return app.of('connections').at(-1)!.connections;
}

const messages = (app: RelayApp) => app.of('message').map(({ message }) => message);

describe('a relay of several processes on one file', () => {
  it('brings each message to each process, once and in the same order', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    const apps = await Promise.all(['a', 'b', 'c'].map((nodeId) => start({ path, nodeId })));
    await Promise.all(apps.map((app) => subscribe(app, 'load.*')));

    const each = { count: 400, atOnce: 20 };
    const results = await Promise.all(apps.map((app, at) => publish(app, `load.${at}`, each)));
    expect(results.flat().filter(({ nodes }) => nodes !== 3)).toEqual([]);
    await Promise.all(apps.map((app) => app.until('all', () => messages(app).length >= 1_200)));

    const mids = results.flat().map(({ mid }) => mid);
    const inOrder = mids.toSorted((one, other) => (BigInt(one) < BigInt(other) ? -1 : 1));
    expect(new Set(mids).size).toBe(1_200);
    for (const app of apps) {
      expect(messages(app).map(({ mid }) => mid)).toEqual(inOrder);
      expect(app.of('error')).toEqual([]);
    }
  });

  it('wakes a waiting process at once', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    const [publisher, reader] = await Promise.all(
      ['publisher', 'reader'].map((nodeId) => start({ path, nodeId })),
    );
    await subscribe(reader!, 'a');
    for (let count = 1; count <= 40; count += 1) {
      await publish(publisher!, 'a');
      await reader!.until('a message', () => messages(reader!).length === count);
    }
    const latencies = reader!.of('message').map(({ message, at }) => at - message.data.at);
    printFigures('a message to another process through SQLite', spread(latencies));
    expect(percentile(latencies, 50)).toBeLessThan(50);
  });

  it('sweeps a process that was killed', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    const config = { path, leaseDuration: SHORT_LEASE_MS };
    const survivor = await start({ ...config, nodeId: 'survivor' });
    const victim = await start({ ...config, nodeId: 'victim' });
    await subscribe(victim, 'a');
    expect(await publish(survivor, 'a')).toMatchObject([{ nodes: 1, endpoints: 1 }]);
    expect(await connections(survivor, 'victim')).toMatchObject([
      { address: expect.stringMatching(new RegExp(`:${victim.pid}$`)) },
    ]);

    await victim.kill();
    expect(await connections(survivor, 'victim')).toEqual([]);
    await survivor.until('the sweep', () => survivor.of('swept').length > 0);
    expect(survivor.of('swept')).toMatchObject([{ nodes: ['victim'] }]);
    expect(await publish(survivor, 'a')).toMatchObject([{ nodes: 0, endpoints: 0 }]);
  });

  it('takes back a process that was stopped for longer than its lease', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    const config = { path, leaseDuration: SHORT_LEASE_MS };
    const survivor = await start({ ...config, nodeId: 'survivor' });
    const stopped = await start({ ...config, nodeId: 'stopped' });
    await subscribe(stopped, 'a.*');

    process.kill(stopped.pid, 'SIGSTOP');
    await survivor.until('the sweep', () => survivor.of('swept').length > 0);
    expect(await publish(survivor, 'a.missed')).toMatchObject([{ nodes: 0 }]);
    process.kill(stopped.pid, 'SIGCONT');
    await stopped.until('its recovery', () => stopped.of('recovered').length > 0);

    expect(await publish(survivor, 'a.heard')).toMatchObject([{ nodes: 1, endpoints: 1 }]);
    await stopped.until('a message', () => messages(stopped).length > 0);
    expect(messages(stopped).map(({ topic }) => topic)).toEqual(['a.heard']);
    expect([...stopped.of('error'), ...survivor.of('error')]).toEqual([]);
  });

  it('keeps a retained message of a process that was killed', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    const publisher = await start({ path, nodeId: 'publisher' });
    const [published] = await publish(publisher, 'state', { retain: 60_000 });
    await publisher.kill();

    const reader = await start({ path, nodeId: 'reader' });
    await subscribe(reader, 'state');
    await reader.until('the message', () => messages(reader).length > 0);
    expect(messages(reader)).toMatchObject([
      { mid: published!.mid, retained: true, data: { from: 'publisher' } },
    ]);
  });

  it('closes without an error', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    const app = await start({ path, nodeId: 'a' });
    await subscribe(app, '>');
    app.order({ do: 'close' });
    await app.until('closed', () => app.of('closed').length > 0);
    expect(app.of('error')).toEqual([]);
  });
});
