import { mkdtempSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSqliteBackend, sqlite, type SqliteConnection } from '../../index.js';

/** Another program that has the file open, and knows nothing of counters. */
let other: DatabaseSync;
let connection: SqliteConnection;
let queue: Queue;
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'bullmq-sqlite-counts-'));
  cleanups.push(() => rmSync(folder, { recursive: true }));
  connection = sqlite(join(folder, 'jobs.sqlite'));
  queue = new Queue('counted', { connection }, createSqliteBackend) as unknown as Queue;
  cleanups.push(() => queue.close());
  other = new DatabaseSync(join(folder, 'jobs.sqlite'));
  cleanups.push(() => other.close());
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function handWorker(): Worker {
  const options = { connection, stalledInterval: 1 };
  const worker = new Worker('counted', null, options, createSqliteBackend);
  cleanups.push(() => worker.close());
  return worker as unknown as Worker;
}

describe('rows that another program changed', () => {
  it('keep no other job waiting when they are gone', async () => {
    await queue.add('gone', {}, { jobId: 'gone' });
    await queue.add('prioritized', {}, { jobId: 'next', priority: 5 });
    other.exec(`DELETE FROM job WHERE id = 'gone'`);
    const job = await handWorker().getNextJob('token', { block: false });
    expect(job?.id).toBe('next');
    expect(await queue.getJobCounts('waiting', 'prioritized')).toEqual({
      waiting: 0,
      prioritized: 0,
    });
  });

  it('let a worker sleep when none is left', async () => {
    await queue.add('gone', {}, { jobId: 'gone' });
    other.exec(`DELETE FROM job WHERE id = 'gone'`);
    const worker = handWorker();
    expect(await worker.getNextJob('token', { block: false })).toBeUndefined();
    expect(await queue.getWaitingCount()).toBe(0);
  });

  it('are counted anew by the check for stalled jobs', async () => {
    const places = ['waiting', 'prioritized', 'delayed', 'active', 'completed', 'failed'] as const;
    for (const id of ['a', 'b', 'c']) await queue.add('job', {}, { jobId: id });
    await queue.add('job', {}, { jobId: 'later', delay: 60_000 });
    await queue.add('job', {}, { jobId: 'sooner', priority: 3 });
    other.exec(`UPDATE job SET state = 'failed', finished_on = 1 WHERE id = 'a'`);
    other.exec(`DELETE FROM job WHERE id IN ('b', 'later')`);
    await handWorker().getBackend().moveStalledJobsToWait();
    expect(await queue.getJobCounts(...places)).toEqual({
      waiting: 1,
      prioritized: 1,
      delayed: 0,
      active: 0,
      completed: 0,
      failed: 1,
    });
  });

  it('are found by the check when nobody counted them', async () => {
    await queue.add('job', {}, { jobId: 'put back' });
    const worker = handWorker();
    await worker.getNextJob('token', { block: false });
    other.exec(`UPDATE job SET state = 'waiting', lock_token = NULL, lock_until = 0`);
    await worker.getBackend().moveStalledJobsToWait();
    expect(await queue.getJobCounts('waiting', 'active')).toEqual({ waiting: 1, active: 0 });
    expect((await worker.getNextJob('token', { block: false }))?.id).toBe('put back');
  });

  it('are counted anew in short lists alone', async () => {
    const jobs = Array.from({ length: 3_000 }, (_, i) => ({
      name: 'n',
      data: {},
      opts: { jobId: `j${i}` },
    }));
    await queue.addBulk(jobs);
    other.exec(`DELETE FROM job WHERE id = 'j5'`);
    const worker = handWorker();
    await worker.getBackend().moveStalledJobsToWait();
    expect(await queue.getWaitingCount()).toBe(3_000);
    other.exec(`DELETE FROM job WHERE rank > 900`);
    await worker.getBackend().moveStalledJobsToWait();
    expect(await queue.getWaitingCount()).toBe(899);
  });
});
