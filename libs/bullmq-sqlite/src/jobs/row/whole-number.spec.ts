import { type Job, Queue, Worker } from 'bullmq';
import { expect, it } from 'vitest';
import { createSqliteBackend, sqlite } from '../../index.js';

/** Half a millisecond more than a whole one: columns of times hold whole ones alone. */
const SECOND = 1_000.5;

it('fractions of milliseconds are no obstacle', async () => {
  const connection = sqlite(':memory:');
  const queue = new Queue('fractions', { connection }, createSqliteBackend);
  const failures: Error[] = [];
  const worker = new Worker(
    'fractions',
    async (job: Job, token) => {
      await job.extendLock(token!, 2 * SECOND);
      return 'done';
    },
    { connection, lockDuration: SECOND, stalledInterval: SECOND },
    createSqliteBackend,
  );
  worker.on('error', (error) => failures.push(error));
  const completed = new Promise<string>((resolve) =>
    worker.on('completed', (_job, result) => resolve(result as string)),
  );
  await queue.add('job', {}, { deduplication: { id: 'once', ttl: SECOND } });
  expect(await completed).toBe('done');
  await worker.rateLimit(0.5);
  expect(failures).toEqual([]);
  await worker.close();
  await queue.close();
});
