import { expect } from 'vitest';
import { describeBackends, type Store } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';

/** Completes or fails the next jobs by hand, as the words say. */
async function finishAs(store: Store, ...endings: ('completed' | 'failed')[]): Promise<void> {
  const worker = store.worker(null);
  for (const ending of endings) {
    const job = await worker.getNextJob('token');
    if (ending === 'completed') await job.moveToCompleted('done', 'token', false);
    else await job.moveToFailed(new Error('broken'), 'token', false);
  }
}

describeBackends('the queue', (backend) => {
  backend.it('adds jobs and finds them again', async (store) => {
    const queue = store.queue({ defaultJobOptions: { attempts: 3 } });
    const job = await queue.add('one', { n: 1 }, { jobId: 'mine', priority: 2 });
    expect(await queue.getJob('mine')).toMatchObject({
      id: 'mine',
      name: 'one',
      data: { n: 1 },
      opts: { attempts: 3, priority: 2 },
      timestamp: job.timestamp,
    });
    expect(await queue.getJob('nobody')).toBeUndefined();
    const bulk = await queue.addBulk([
      { name: 'two', data: 2 },
      { name: 'three', data: 3, opts: { delay: 60_000 } },
    ]);
    expect(await bulk[1]!.getState()).toBe('delayed');
    expect(await queue.count()).toBe(3);
  });

  backend.it('lists jobs of a state from the oldest on, or from the newest', async (store) => {
    const queue = store.queue();
    await queue.addBulk(['a', 'b', 'c', 'd'].map((name) => ({ name, data: {} })));
    const names = async (start: number, end: number, asc: boolean) =>
      (await queue.getJobs(['wait'], start, end, asc)).map(({ name }) => name);
    expect(await names(0, -1, true)).toEqual(['a', 'b', 'c', 'd']);
    expect(await names(0, -1, false)).toEqual(['d', 'c', 'b', 'a']);
    expect(await names(1, 2, true)).toEqual(['b', 'c']);
  });

  backend.it(
    'lists the first jobs to run',
    async (store) => {
      const queue = store.queue();
      await queue.addBulk(['a', 'b', 'c', 'd'].map((name) => ({ name, data: {} })));
      expect((await queue.getWaiting(0, 1)).map(({ name }) => name)).toEqual(['a', 'b']);
    },
    POSTGRES.listsInTrueOrder,
  );

  backend.it('lists and counts jobs of many states', async (store) => {
    const queue = store.queue();
    await queue.addBulk(['a', 'b', 'c'].map((name) => ({ name, data: {} })));
    await finishAs(store, 'completed', 'failed');
    await queue.add('late', {}, { delay: 60_000 });
    await queue.add('ranked', {}, { priority: 4 });
    const states = [
      ...(['wait', 'active', 'completed', 'failed'] as const),
      ...(['delayed', 'prioritized', 'waiting-children'] as const),
    ];
    expect(await queue.getJobCounts(...states)).toEqual({
      wait: 1,
      active: 0,
      completed: 1,
      failed: 1,
      delayed: 1,
      prioritized: 1,
      'waiting-children': 0,
    });
    expect(await queue.getCountsPerPriority([0, 4])).toEqual({ 0: 1, 4: 1 });
    const jobs = await queue.getJobs(['completed', 'failed', 'delayed']);
    expect(jobs.map(({ name }) => name).toSorted()).toEqual(['a', 'b', 'late']);
    expect(await queue.getDelayedCount(Date.now())).toBe(0);
  });

  backend.it('pauses and resumes', async (store) => {
    const queue = store.queue();
    await queue.pause();
    expect(await queue.isPaused()).toBe(true);
    await queue.add('one', {});
    await queue.resume();
    expect(await queue.isPaused()).toBe(false);
    expect(await queue.getWaitingCount()).toBe(1);
  });

  backend.it('retries finished jobs and promotes delayed ones, all of them', async (store) => {
    const queue = store.queue();
    await queue.addBulk([1, 2, 3].map((n) => ({ name: `job ${n}`, data: {} })));
    await finishAs(store, 'failed', 'failed', 'completed');
    await queue.retryJobs({ count: 1 });
    expect(await queue.getJobCounts('failed', 'wait')).toEqual({ failed: 0, wait: 2 });
    await queue.retryJobs({ state: 'completed' });
    expect(await queue.getJobCounts('completed', 'wait')).toEqual({ completed: 0, wait: 3 });
    await queue.add('late', {}, { delay: 60_000 });
    await queue.add('later', {}, { delay: 90_000 });
    await queue.promoteJobs({ count: 1 });
    expect(await queue.getJobCounts('delayed', 'wait')).toEqual({ delayed: 0, wait: 5 });
  });

  backend.it('drains, cleans and obliterates', async (store) => {
    const queue = store.queue();
    await queue.addBulk([1, 2, 3].map((n) => ({ name: `job ${n}`, data: {} })));
    await finishAs(store, 'completed', 'failed');
    expect(await queue.clean(0, 10, 'failed')).toHaveLength(1);
    await queue.drain();
    expect(await queue.getJobCounts('wait', 'completed')).toEqual({ wait: 0, completed: 1 });
    await queue.add('last', {});
    await queue.obliterate();
    expect(await queue.getJobCountByTypes('wait', 'completed')).toBe(0);
    expect(await queue.isPaused()).toBe(false);
  });

  backend.it('keeps its settings', async (store) => {
    const queue = store.queue();
    await queue.setGlobalConcurrency(7);
    expect(await queue.getGlobalConcurrency()).toBe(7);
    await queue.removeGlobalConcurrency();
    expect(await queue.getGlobalConcurrency()).toBeNull();
    expect(await queue.getRateLimitTtl()).toBe(-2);
    await queue.rateLimit(60_000);
    expect(await queue.getRateLimitTtl()).toBeGreaterThan(50_000);
    await queue.removeRateLimitKey();
    expect(await queue.getRateLimitTtl()).toBe(-2);
    expect(await queue.isMaxed()).toBe(false);
  });

  backend.it('says which BullMQ made it', async (store) => {
    const queue = store.queue();
    await queue.waitUntilReady();
    await expect.poll(() => queue.getVersion(), { interval: 5 }).toMatch(/^bullmq:\d+\.\d+\.\d+/);
  });

  backend.it('gives deduplication ids free', async (store) => {
    const queue = store.queue();
    const job = await queue.add('one', {}, { deduplication: { id: 'same' } });
    expect(await queue.getDeduplicationJobId('same')).toBe(job.id);
    expect(await job.removeDeduplicationKey()).toBe(true);
    await queue.add('two', {}, { deduplication: { id: 'same' } });
    expect(await queue.removeDeduplicationKey('same')).toBe(1);
    expect(await queue.count()).toBe(2);
  });
});
