import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue, Relay, Worker } from 'bullmq';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  createSqliteBackend,
  createSqliteRelayBackend,
  openStore,
  sqlite,
  type SqliteConnection,
} from '../index.js';
import { removeNode } from './operations/removal.js';

const LONG_MS = 60_000;
const PASSING = { ts: 1, retainMs: 0, maxSize: 1_000 };

function memory() {
  const connection = sqlite(':memory:');
  return { connection, backend: backendOn(connection), store: openStore(connection) };
}

function backendOn(connection: SqliteConnection, namespace = 'default') {
  return createSqliteRelayBackend({ connection, namespace });
}

describe('a relay on SQLite', () => {
  it('runs beside queues and workers, on their connection', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bullmq-sqlite-relay-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const connection = sqlite(join(folder, 'jobs.sqlite'));
    const queue = new Queue('mail', { connection }, createSqliteBackend);
    const relay = new Relay({ connection, backend: createSqliteRelayBackend });
    const told = new Promise((resolve) => {
      void relay.subscribe('mail.*.sent', ({ topic, data }) => resolve({ topic, data }));
    });
    const worker = new Worker(
      'mail',
      (job) => relay.publish(`mail.${job.id}.sent`, job.data),
      { connection },
      createSqliteBackend,
    );
    await queue.add('welcome', { to: 'ada' }, { jobId: 'one' });
    expect(await told).toEqual({ topic: 'mail.one.sent', data: { to: 'ada' } });
    await Promise.all([worker.close(), queue.close(), relay.close()]);
  });

  it('refuses a connection of another kind', () => {
    const connection = { host: 'localhost' } as unknown as SqliteConnection;
    expect(() => backendOn(connection)).toThrow(
      'connection of relay "default": expected what sqlite(path) returns, got object',
    );
  });

  it('refuses a position that it did not give out', async () => {
    const { backend } = memory();
    await backend.registerNode('n', LONG_MS);
    const at = { blockMs: 0, count: 1 };
    await expect(backend.readInbox('n', '0-0', at)).rejects.toThrow('Invalid relay cursor');
    await expect(backend.trimInbox('n', '', 1)).rejects.toThrow('Invalid relay cursor');
  });

  it('deletes in portions what a node leaves, and shows none of it', async () => {
    const { backend, store } = memory();
    await backend.registerNode('big', LONG_MS);
    await backend.registerNode('small', LONG_MS);
    for (let endpoint = 0; endpoint < 350; endpoint += 1) {
      await backend.subscribe('big', `e${endpoint}`, 'a');
    }
    await backend.subscribe('small', 'e', 'a');
    for (let count = 0; count < 350; count += 1) await backend.publish('a', '1', PASSING);
    const rows = (): Promise<(number | undefined)[]> =>
      store.read((tx) =>
        ['relay_subscription', 'relay_inbox', 'relay_removed_node'].map(
          (table) => tx.get<{ rows: number }>(`SELECT count(*) AS rows FROM ${table}`)?.rows,
        ),
      );
    expect(await rows()).toEqual([351, 700, 0]);

    // As a process leaves it that was killed in the middle.
    await store.write((tx) => removeNode(tx, 1));
    expect(await rows()).toEqual([351, 700, 1]);
    expect(await backend.getCounts()).toMatchObject({ nodes: 1, subscriptions: 1, patterns: 1 });
    expect(await backend.getPatterns(0, -1)).toEqual([{ pattern: 'a', subscriptions: 1 }]);
    expect(await backend.getSubscriptions({ pattern: 'a' }, 0, -1)).toHaveLength(1);
    expect(await backend.publish('a', '1', PASSING)).toMatchObject({ nodes: 1, endpoints: 1 });
    await backend.registerNode('big', LONG_MS);
    expect(await backend.getSubscriptions({ nodeId: 'big' }, 0, -1)).toEqual([]);

    await backend.sweep(10);
    expect(await rows()).toEqual([1, 351, 0]);
    await backend.unregisterNode('small');
    expect(await rows()).toEqual([0, 0, 0]);
  });

  it('sweeps what other namespaces left, too, and tells of its own alone', async () => {
    const { backend, connection, store } = memory();
    const abandoned = backendOn(connection, 'abandoned');
    await abandoned.registerNode('theirs', 0);
    await backend.registerNode('ours', 0);
    expect(await backend.sweep(1)).toEqual(['ours']);
    expect(await abandoned.getCounts()).toMatchObject({ nodes: 1 });
    expect(await backend.sweep(1)).toEqual([]);
    expect(await abandoned.getCounts()).toMatchObject({ nodes: 0 });
    await store.close();
  });

  it('numbers messages beyond those of a file that was there before', async () => {
    const [before, after] = [memory(), memory()];
    const first = await before.backend.publish('a', '1', PASSING);
    await expect.poll(() => Date.now(), { interval: 1 }).toBeGreaterThan(Number(first.mid) / 1_000);
    const { mid } = await after.backend.publish('a', '1', PASSING);
    expect(BigInt(mid)).toBeGreaterThan(BigInt(first.mid));
  });

  it('leaves what a worker holds ready of a queue as it is', async () => {
    const { backend, store } = memory();
    await backend.registerNode('n', LONG_MS);
    const writes = () => store.read((tx) => tx.statements.writes);
    const before = await writes();
    await backend.subscribe('n', 'e', 'a');
    await backend.publish('a', '1', { ...PASSING, retainMs: LONG_MS });
    await backend.trimInbox('n', '0', 10);
    await backend.heartbeat('n', LONG_MS);
    await backend.deleteRetained('a');
    await backend.unregisterNode('n');
    expect(await writes()).toBe(before);
  });

  it('wakes who waits for a name that a transaction announced, when it is committed', async () => {
    const { store } = memory();
    const wait = store.waitFor('name', LONG_MS);
    const failed = store.write((tx) => {
      tx.announce('name');
      throw new Error('rolled back');
    });
    await expect(failed).rejects.toThrow('rolled back');
    const order: string[] = [];
    void wait.over.then(() => order.push('woken'));
    await store.write((tx) => tx.get('SELECT 1'));
    order.push('another commit');
    await store.write((tx) => tx.announce('name'));
    expect(await wait.over).toBe(true);
    expect(order).toEqual(['another commit', 'woken']);
  });
});
