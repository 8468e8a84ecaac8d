import { Queue } from 'bullmq';
import { afterEach, describe, expect, it } from 'vitest';
import { createSqliteBackend, sqlite } from '../../index.js';
import { SWEEP_ROWS } from './sweep-step.js';

const DAY = 86_400_000;

const queues: Queue[] = [];

function openQueue(): Queue {
  const queue = new Queue('swept', { connection: sqlite(':memory:') }, createSqliteBackend);
  queues.push(queue as unknown as Queue);
  return queue as unknown as Queue;
}

afterEach(async () => {
  for (const queue of queues.splice(0)) await queue.close();
});

describe('sweeps in many steps', () => {
  it('drain leaves the jobs that are added while it runs', async () => {
    const queue = openQueue();
    const jobs = Array.from({ length: 3 * SWEEP_ROWS }, () => ({ name: 'old', data: {} }));
    await queue.addBulk(jobs);
    await queue.addBulk(jobs.map((job) => ({ ...job, opts: { delay: DAY } })));
    await queue.addBulk(jobs.map((job) => ({ ...job, opts: { priority: 7 } })));

    let drained = false;
    const drain = queue.drain(true).then(() => (drained = true));
    let added = 0;
    while (!drained) {
      await queue.add('new', {}, { lifo: added % 2 === 0 });
      await queue.add('new', {}, { delay: 2 * DAY });
      await queue.add('new', {}, { priority: 9 });
      added += 1;
    }
    await drain;

    const counts = await queue.getJobCounts('waiting', 'delayed', 'prioritized');
    expect(counts).toEqual({ waiting: added, delayed: added, prioritized: added });
  });

  it('clean goes through the whole list, and past the jobs that stay', async () => {
    const queue = openQueue();
    const total = 5 * SWEEP_ROWS;
    const timestamps = Array.from({ length: total }, (_, index) =>
      index % 2 === 0 ? 1 : Date.now(),
    );
    await queue.addBulk(
      timestamps.map((timestamp) => ({ name: 'job', data: {}, opts: { timestamp } })),
    );

    const removed = await queue.clean(DAY, 0, 'wait');

    expect(removed).toHaveLength(Math.ceil(total / 2));
    expect(await queue.getWaitingCount()).toBe(Math.floor(total / 2));
  });

  it('clean looks at the oldest jobs only, as many as its limit', async () => {
    const queue = openQueue();
    const limit = SWEEP_ROWS + 10;
    const jobs = Array.from({ length: limit }, (_, index) => ({
      name: 'job',
      data: {},
      opts: { jobId: `j${index}`, timestamp: 1 },
    }));
    await queue.addBulk([
      ...jobs,
      { name: 'job', data: {}, opts: { jobId: 'rest', timestamp: 1 } },
    ]);

    const removed = await queue.getBackend().cleanJobsByState('wait', 2, limit);

    expect(removed).toEqual(jobs.map(({ opts }) => opts.jobId).toReversed());
    expect((await queue.getWaiting()).map(({ id }) => id)).toEqual(['rest']);
  });
});
