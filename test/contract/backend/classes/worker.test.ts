import { type Job, UnrecoverableError } from 'bullmq';
import { expect } from 'vitest';
import { type AnyWorker, describeBackends } from '../../../support/backends.js';
import { signal } from '../../../support/jobs-app.js';

/** Ends when this many jobs have ended, either way. */
function ended(worker: AnyWorker, count = 1): Promise<void> {
  const { promise, resolve } = signal();
  let left = count;
  const note = () => {
    left -= 1;
    if (left === 0) resolve();
  };
  worker.on('completed', note);
  worker.on('failed', note);
  return promise;
}

describeBackends('a worker', (backend) => {
  backend.it('runs each job once, beside other workers', async (store) => {
    const queue = store.queue();
    const runs: string[] = [];
    const processor = async (job: Job) => void runs.push(job.id!);
    const workers = [1, 2, 3].map(() => store.worker(processor, { concurrency: 5 }));
    const allDone = signal();
    for (const worker of workers) {
      worker.on('completed', () => runs.length === 60 && allDone.resolve());
    }
    const names = Array.from({ length: 60 }, (_, index) => ({ name: `job ${index}`, data: {} }));
    const jobs = await queue.addBulk(names);
    await allDone.promise;
    expect(runs).toHaveLength(60);
    expect(new Set(runs)).toEqual(new Set(jobs.map(({ id }) => id)));
  });

  backend.it('keeps the result, and hands it to those who listen', async (store) => {
    const queue = store.queue();
    const worker = store.worker(async (job: Job<number>) => ({ double: job.data * 2 }));
    const completed = new Promise((resolve) => {
      worker.on('completed', (...told) => resolve(told));
    });
    const job = await queue.add('double', 21);
    expect(await completed).toMatchObject([{ id: job.id }, { double: 42 }, 'active']);
    expect((await queue.getJob(job.id!))?.returnvalue).toEqual({ double: 42 });
  });

  backend.it('runs as many jobs at once as it may', async (store) => {
    const queue = store.queue();
    const gate = signal();
    const three = signal();
    let running = 0;
    let most = 0;
    const worker = store.worker(
      async () => {
        running += 1;
        most = Math.max(most, running);
        if (running === 3) three.resolve();
        await gate.promise;
        running -= 1;
      },
      { concurrency: 3 },
    );
    const allDone = ended(worker, 5);
    await queue.addBulk([1, 2, 3, 4, 5].map((n) => ({ name: `job ${n}`, data: {} })));
    await three.promise;
    expect(await queue.getActiveCount()).toBe(3);
    gate.resolve();
    await allDone;
    expect(most).toBe(3);
  });

  backend.it('runs no more jobs at once than the queue allows', async (store) => {
    const queue = store.queue();
    await queue.setGlobalConcurrency(1);
    let running = 0;
    let most = 0;
    const worker = store.worker(
      async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      },
      { concurrency: 4 },
    );
    const allDone = ended(worker, 8);
    await queue.addBulk(Array.from({ length: 8 }, () => ({ name: 'job', data: {} })));
    await allDone;
    expect(most).toBe(1);
  });

  backend.it('tries a job again after its pause, and then fails it', async (store) => {
    const queue = store.queue();
    const attempts: number[] = [];
    const worker = store.worker(async (job: Job) => {
      attempts.push(job.attemptsMade);
      throw new Error(`attempt ${job.attemptsMade + 1}`);
    });
    const allDone = ended(worker, 3);
    const options = { attempts: 3, backoff: { type: 'fixed', delay: 15 } };
    const { id } = await queue.add('fragile', {}, options);
    await allDone;
    expect(attempts).toEqual([0, 1, 2]);
    const job = (await queue.getJob(id!))!;
    expect(await job.getState()).toBe('failed');
    expect(job).toMatchObject({ failedReason: 'attempt 3', attemptsMade: 3, attemptsStarted: 3 });
    expect(job.stacktrace?.map((stack) => stack.split('\n')[0])).toEqual([
      'Error: attempt 1',
      'Error: attempt 2',
      'Error: attempt 3',
    ]);
  });

  backend.it('tries a job again at once, and completes it', async (store) => {
    const queue = store.queue();
    const worker = store.worker(async (job: Job) => {
      if (job.attemptsMade === 0) throw new Error('not yet');
      return 'done';
    });
    const allDone = ended(worker, 2);
    const { id } = await queue.add('fragile', {}, { attempts: 2 });
    await allDone;
    expect(await queue.getJob(id!)).toMatchObject({ returnvalue: 'done', attemptsMade: 2 });
  });

  backend.it('does not try again what is beyond repair', async (store) => {
    const queue = store.queue();
    const worker = store.worker(async () => {
      throw new UnrecoverableError('hopeless');
    });
    const done = ended(worker);
    const { id } = await queue.add('hopeless', {}, { attempts: 5 });
    await done;
    expect(await queue.getJob(id!)).toMatchObject({ failedReason: 'hopeless', attemptsMade: 1 });
    expect(await queue.getJobState(id!)).toBe('failed');
  });

  backend.it('wakes for a delayed job', async (store) => {
    const queue = store.queue();
    const worker = store.worker(async () => performance.now());
    await worker.waitUntilReady();
    const start = performance.now();
    const done = ended(worker);
    await queue.add('late', {}, { delay: 40 });
    await done;
    const waited = performance.now() - start;
    expect(waited).toBeGreaterThan(35);
    expect(waited).toBeLessThan(3_000);
  });

  backend.it('takes jobs by hand where it has no processor', async (store) => {
    const queue = store.queue();
    const worker = store.worker(null);
    await queue.add('one', { n: 1 });
    await queue.add('two', { n: 2 });
    const first = await worker.getNextJob('my token');
    expect(first.data).toEqual({ n: 1 });
    await first.moveToCompleted('by hand', 'my token', false);
    const second = await worker.getNextJob('my token');
    await second.moveToFailed(new Error('by hand'), 'my token', false);
    expect(await worker.getNextJob('my token', { block: false })).toBeUndefined();
    expect(await queue.getJobCounts('completed', 'failed')).toEqual({ completed: 1, failed: 1 });
  });

  backend.it('stops between two jobs while it is paused', async (store) => {
    const queue = store.queue();
    const runs: string[] = [];
    const worker = store.worker(async (job: Job) => void runs.push(job.name));
    await worker.waitUntilReady();
    await worker.pause();
    await queue.add('one', {});
    expect(worker.isPaused()).toBe(true);
    expect(runs).toEqual([]);
    const done = ended(worker);
    void worker.resume();
    await done;
    expect(runs).toEqual(['one']);
  });

  backend.it('lets its jobs end before it closes', async (store) => {
    const queue = store.queue();
    const started = signal();
    const gate = signal();
    const worker = store.worker(async () => {
      started.resolve();
      await gate.promise;
      return 'in time';
    });
    const { id } = await queue.add('slow', {});
    await queue.add('next', {}, { jobId: 'next' });
    await started.promise;
    const closing = worker.close();
    gate.resolve();
    await closing;
    expect(await queue.getJob(id!)).toMatchObject({ returnvalue: 'in time' });
    expect(await queue.getJobState('next')).toBe('waiting');
  });

  backend.it('keeps the lock of a job that takes longer than it', async (store) => {
    const queue = store.queue();
    const gate = signal();
    const options = { lockDuration: 500, lockRenewTime: 50, stalledInterval: 100 };
    const worker = store.worker(() => gate.promise, options);
    let renewals = 0;
    worker.on('locksRenewed', () => {
      renewals += 1;
      if (renewals === 12) gate.resolve();
    });
    const done = ended(worker);
    const { id } = await queue.add('long', {});
    await done;
    expect(await queue.getJob(id!)).toMatchObject({ attemptsStarted: 1, stalledCounter: 0 });
    expect(await queue.getJobState(id!)).toBe('completed');
  });

  backend.it('takes over the jobs of a worker that is gone', async (store) => {
    const queue = store.queue();
    const lost = store.worker(null, { lockDuration: 5 });
    const { id } = await queue.add('orphan', {});
    await lost.getNextJob('lost token');
    await lost.close(true);
    const worker = store.worker(async () => 'saved', { stalledInterval: 15 });
    const stalled = new Promise((resolve) => worker.on('stalled', (jobId) => resolve(jobId)));
    const done = ended(worker);
    expect(await stalled).toBe(id);
    await done;
    expect(await queue.getJob(id!)).toMatchObject({ returnvalue: 'saved', stalledCounter: 1 });
  });

  backend.it('says when it has nothing left to do', async (store) => {
    const queue = store.queue();
    await queue.add('one', {});
    const worker = store.worker(async () => undefined);
    await new Promise<void>((resolve) => worker.on('drained', () => resolve()));
    expect(await queue.getJobCounts('wait', 'active')).toEqual({ wait: 0, active: 0 });
  });
});
