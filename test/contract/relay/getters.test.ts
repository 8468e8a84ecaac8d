import { hostname } from 'node:os';
import { expect } from 'vitest';
import { describeRelays } from '../../support/relays.js';

const LONG_MS = 60_000;

describeRelays('getters of a relay', ({ it, name }) => {
  it('list nodes in the order in which they registered', async (fleet) => {
    const relay = await fleet.relay({ nodeId: 'z', name: 'service' });
    const started = Date.now() - 1_000;
    const backend = fleet.backend();
    for (const id of ['y', 'x', 'w']) {
      // The clock must tell them apart: at the same time it is their names that do.
      const last = (await relay.getNodes()).at(-1)!.registeredAt;
      await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(last + 1);
      await backend.registerNode(id, LONG_MS);
    }
    await relay.subscribe('a', () => undefined);

    const nodes = await relay.getNodes();
    expect(nodes.map(({ id }) => id)).toEqual(['z', 'y', 'x', 'w']);
    expect(nodes[0]).toMatchObject({
      info: { name: 'service', host: hostname(), pid: process.pid, version: expect.any(String) },
      backlog: 0,
      dropped: 0,
      subscriptions: 1,
    });
    expect(nodes[0]!.registeredAt).toBeGreaterThan(started);
    expect(nodes[0]!.lastHeartbeat).toBeGreaterThan(started);
    expect(nodes[0]!.leaseUntil).toBeGreaterThan(started + 30_000);
    expect(nodes[1]).toMatchObject({ info: {}, subscriptions: 0 });
    expect((await relay.getNodes(1, 2)).map(({ id }) => id)).toEqual(['y', 'x']);
    expect((await relay.getNodes(3)).map(({ id }) => id)).toEqual(['w']);
    expect(await relay.getNodes(4)).toEqual([]);
    expect(await relay.getNodes(2, 1)).toEqual([]);
    await expect(relay.getNodes(-1)).rejects.toThrow('Invalid relay range');
  });

  it('list subscriptions and patterns by value', async (fleet) => {
    const backend = await fleet.node('b');
    for (const id of ['a', 'ab', 'B']) await backend.registerNode(id, LONG_MS);
    const added: [node: string, endpoint: string, pattern: string][] = [
      ['b', 'e', 'x.y'],
      ['b', 'e', 'x'],
      ['b', 'e2', 'x'],
      ['b', 'E', '>'],
      ['ab', 'e', 'x'],
      ['a', 'e', 'x.*'],
      ['a', 'e', 'x:1'],
      ['B', 'e-1', 'x'],
    ];
    for (const [node, endpoint, pattern] of added) {
      await backend.subscribe(node, endpoint, pattern);
    }
    const list = async (...query: Parameters<typeof backend.getSubscriptions>) =>
      (await backend.getSubscriptions(...query)).map(
        ({ nodeId, endpointId, pattern }) => `${nodeId} ${endpointId} ${pattern}`,
      );

    const all = await list(undefined, 0, -1);
    // As bytes of node|endpoint|pattern, in which "a|" comes after "ab".
    expect(all).toEqual([
      'B e-1 x',
      'ab e x',
      'a e x.*',
      'a e x:1',
      'b E >',
      'b e2 x',
      'b e x',
      'b e x.y',
    ]);
    expect(await list(undefined, 2, 4)).toEqual(all.slice(2, 5));
    expect(await list(undefined, 7, 20)).toEqual(all.slice(7));
    expect(await list(undefined, 8, -1)).toEqual([]);
    expect(await list({ nodeId: 'b' }, 0, -1)).toEqual(all.slice(4));
    expect(await list({ nodeId: 'b' }, 1, 1)).toEqual(['b e2 x']);
    expect(await list({ nodeId: 'nobody' }, 0, -1)).toEqual([]);
    expect(await list({ pattern: 'x' }, 0, -1)).toEqual(['B e-1 x', 'ab e x', 'b e x', 'b e2 x']);
    expect(await list({ pattern: 'x' }, 1, 2)).toEqual(['ab e x', 'b e x']);

    expect(await backend.getPatterns(0, -1)).toEqual([
      { pattern: '>', subscriptions: 1 },
      { pattern: 'x', subscriptions: 4 },
      { pattern: 'x.*', subscriptions: 1 },
      { pattern: 'x.y', subscriptions: 1 },
      { pattern: 'x:1', subscriptions: 1 },
    ]);
    expect(await backend.getPatterns(1, 1)).toEqual([{ pattern: 'x', subscriptions: 4 }]);
    expect(await backend.getPatterns(5, -1)).toEqual([]);
    expect(await backend.getCounts()).toEqual({
      nodes: 4,
      subscriptions: 8,
      patterns: 5,
      retained: 0,
    });
  });

  it('list retained messages, the next to expire first', async (fleet) => {
    const relay = await fleet.relay();
    const before = Date.now();
    await relay.publish('late', { n: 1 }, { retain: 3 * LONG_MS });
    const { mid } = await relay.publish('soon', { n: 2 }, { retain: LONG_MS });
    await relay.publish('middle', { n: 3 }, { retain: 2 * LONG_MS });

    const retained = await relay.getRetained();
    expect(retained.map(({ topic }) => topic)).toEqual(['soon', 'middle', 'late']);
    expect(retained[0]).toEqual({
      topic: 'soon',
      mid,
      data: '{"n":2}',
      ts: expect.any(Number),
      expiresAt: expect.any(Number),
    });
    const lasts = retained[0]!.expiresAt - before;
    expect(Math.abs(lasts - LONG_MS)).toBeLessThan(5_000);
    expect((await relay.getRetained(1, 1)).map(({ topic }) => topic)).toEqual(['middle']);
    expect(await relay.getCounts()).toMatchObject({ retained: 3 });
  });

  it('list the namespaces in use', async (fleet) => {
    const backend = fleet.backend();
    await backend.waitUntilReady();
    const mine = (suffix: string) => `${fleet.namespace}-${suffix}`;
    const [live, kept, dead] = ['b', 'a', 'c'].map((suffix) =>
      fleet.backend(undefined, mine(suffix)),
    );
    await live!.registerNode('n', LONG_MS);
    await kept!.publish('a', '1', { ts: 1, retainMs: LONG_MS, maxSize: 100 });
    await dead!.registerNode('n', LONG_MS);
    await dead!.unregisterNode('n');
    const ours = async () =>
      (await backend.getNamespaces()).filter((space) => space.startsWith(fleet.namespace));
    await expect.poll(ours).toEqual([mine('a'), mine('b')]);
    await kept!.deleteRetained('a');
    await live!.unregisterNode('n');
    await expect.poll(ours).toEqual([]);
  });

  it('tell who reads an inbox', async (fleet) => {
    const relay = await fleet.relay({ nodeId: 'reader', blockTimeout: 200 });
    const watcher = await fleet.node('watcher');
    const connections = () => watcher.getNodeConnections('reader');
    await expect.poll(connections).toHaveLength(1);
    const [connection] = await connections();
    expect(connection).toEqual({
      address: expect.stringMatching(/./),
      age: expect.any(Number),
      idle: expect.any(Number),
    });
    if (name.startsWith('sqlite')) {
      expect(connection!.address).toBe(`${hostname()}:${process.pid}`);
    }
    expect(connection!.age).toBeGreaterThanOrEqual(0);
    expect(connection!.idle).toBeLessThan(5);
    expect(await relay.getNodeConnections()).toHaveLength(1);
    expect(await relay.getNodeConnections('watcher')).toEqual([]);
    expect(await relay.getNodeConnections('nobody')).toEqual([]);
    await relay.close();
    await expect.poll(connections).toEqual([]);
  });
});
