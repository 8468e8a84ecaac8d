import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Queue, QueueEvents, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSqliteBackend, NotADatabaseError, sqlite, StoreBusyError } from '../index.js';

/** BullMQ's own classes on a file. */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'bullmq-sqlite-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, 'jobs.sqlite');

describe('a queue on a file', () => {
  it('keeps its jobs when it is closed, and runs them when it is opened again', async () => {
    const before = new Queue('mail', { connection: sqlite(file()) }, createSqliteBackend);
    await before.addBulk([
      { name: 'last', data: { n: 1 } },
      { name: 'first', data: { n: 2 }, opts: { lifo: true } },
      { name: 'urgent', data: { n: 3 }, opts: { priority: 1 } },
    ]);
    await before.close();

    const connection = sqlite(file());
    const order: string[] = [];
    const worker = new Worker(
      'mail',
      (job) => Promise.resolve(order.push(job.name)),
      { connection },
      createSqliteBackend,
    );
    await new Promise<void>((resolve) => worker.once('drained', () => resolve()));
    const after = new Queue('mail', { connection }, createSqliteBackend);

    expect(order).toEqual(['first', 'last', 'urgent']);
    expect(await after.getJobCounts('waiting', 'active', 'completed')).toEqual({
      waiting: 0,
      active: 0,
      completed: 3,
    });
    await worker.close();
    await after.close();
  });

  it('tells what happens, in order', async () => {
    const connection = sqlite(':memory:');
    const queue = new Queue('mail', { connection }, createSqliteBackend);
    const events = new QueueEvents('mail', { connection, lastEventId: '0' }, createSqliteBackend);
    const told: string[] = [];
    for (const name of ['added', 'waiting', 'active'] as const)
      events.on(name, () => told.push(name));
    const completed = new Promise((resolve) => events.once('completed', resolve));
    const worker = new Worker(
      'mail',
      () => Promise.resolve(7),
      { connection },
      createSqliteBackend,
    );
    await queue.add('send', {}, { jobId: 'a' });

    expect(await completed).toMatchObject({ jobId: 'a', returnvalue: 7, prev: 'active' });
    expect(told).toEqual(['added', 'waiting', 'active']);
    await Promise.all([worker.close(), events.close(), queue.close()]);
  });

  it('waits while another program writes, and says so when that takes too long', async () => {
    const connection = sqlite(file(), { busyTimeout: 50 });
    const queue = new Queue('mail', { connection }, createSqliteBackend);
    await queue.waitUntilReady();
    const other = new DatabaseSync(file());

    other.exec('BEGIN IMMEDIATE');
    await expect(queue.add('send', {})).rejects.toThrow(StoreBusyError);
    const waiting = queue.add('send', {}, { jobId: 'kept' });
    other.exec('ROLLBACK');

    expect((await waiting).id).toBe('kept');
    other.close();
    await queue.close();
  });

  it('refuses a file that holds something else', async () => {
    writeFileSync(file(), 'Dear diary, this is not a database at all.'.repeat(50));
    const queue = new Queue('mail', { connection: sqlite(file()) }, createSqliteBackend);
    queue.on('error', () => undefined);

    await expect(queue.add('send', {})).rejects.toThrow(NotADatabaseError);
    await queue.close();
  });
});
