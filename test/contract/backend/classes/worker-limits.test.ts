import { DelayedError, type Job, RateLimitError, WaitingChildrenError, WaitingError } from 'bullmq';
import { expect } from 'vitest';
import { type AnyWorker, describeBackends } from '../../../support/backends.js';
import { signal } from '../../../support/jobs-app.js';

function completed(worker: AnyWorker, count = 1): Promise<void> {
  const { promise, resolve } = signal();
  let left = count;
  worker.on('completed', () => {
    left -= 1;
    if (left === 0) resolve();
  });
  return promise;
}

describeBackends('a worker that holds back', (backend) => {
  backend.it('starts as many jobs in a time as its limit allows', async (store) => {
    const queue = store.queue();
    const starts: number[] = [];
    const worker = store.worker(async () => void starts.push(performance.now()), {
      concurrency: 4,
      limiter: { max: 2, duration: 100 },
    });
    const allDone = completed(worker, 5);
    // The first window cannot begin before this, however late its jobs start on a busy machine.
    const before = performance.now();
    await queue.addBulk([1, 2, 3, 4, 5].map((n) => ({ name: `job ${n}`, data: {} })));
    await allDone;
    expect(starts[2]! - before).toBeGreaterThan(95);
    expect(starts[4]! - before).toBeGreaterThan(190);
  });

  backend.it("starts as many jobs in a time as the queue's limit allows", async (store) => {
    const queue = store.queue();
    await queue.setGlobalRateLimit(1, 100);
    expect(await queue.getGlobalRateLimit()).toEqual({ max: 1, duration: 100 });
    const starts: number[] = [];
    const worker = store.worker(async () => void starts.push(performance.now()));
    const allDone = completed(worker, 2);
    const before = performance.now();
    await queue.addBulk([1, 2].map((n) => ({ name: `job ${n}`, data: {} })));
    await allDone;
    expect(starts[1]! - before).toBeGreaterThan(95);
    await queue.removeGlobalRateLimit();
    expect(await queue.getGlobalRateLimit()).toBeNull();
  });

  backend.it('gives a job back while a limit by hand holds', async (store) => {
    const queue = store.queue();
    let runs = 0;
    const worker = store.worker(
      async () => {
        runs += 1;
        if (runs > 1) return 'second try';
        await worker.rateLimit(40);
        throw new RateLimitError();
      },
      { limiter: { max: 10, duration: 1_000 } },
    );
    const done = completed(worker);
    const { id } = await queue.add('limited', {});
    await done;
    expect(await queue.getJob(id!)).toMatchObject({
      returnvalue: 'second try',
      attemptsMade: 1,
      attemptsStarted: 2,
    });
  });

  backend.it('lets a job put itself off', async (store) => {
    const queue = store.queue();
    const worker = store.worker(async (job: Job<{ step: number }>, token) => {
      if (job.data.step === 2) return 'done';
      await job.updateData({ step: 2 });
      await job.moveToDelayed(Date.now() + 20, token);
      throw new DelayedError();
    });
    const done = completed(worker);
    const { id } = await queue.add('in steps', { step: 1 });
    await done;
    const job = await queue.getJob(id!);
    expect(job).toMatchObject({ returnvalue: 'done', attemptsMade: 1, attemptsStarted: 2 });
  });

  backend.it('lets a job put itself back', async (store) => {
    const queue = store.queue();
    const worker = store.worker(async (job: Job<{ step: number }>, token) => {
      if (job.data.step === 2) return 'done';
      await job.updateData({ step: 2 });
      await job.moveToWait(token);
      throw new WaitingError();
    });
    const done = completed(worker);
    const { id } = await queue.add('in steps', { step: 1 });
    await done;
    expect(await queue.getJob(id!)).toMatchObject({ returnvalue: 'done', attemptsMade: 1 });
  });

  backend.it('lets a job wait for children that it adds', async (store) => {
    const queue = store.queue();
    const children = store.queue({}, `${store.queueName}-children`);
    store.worker(async (job: Job<number>) => job.data + 1, {}, children.name);
    const worker = store.worker(async (job: Job, token) => {
      const values = Object.values(await job.getChildrenValues());
      if (values.length > 0) return values;
      const parent = { id: job.id!, queue: job.queueQualifiedName };
      await children.add('child', 41, { parent });
      if (!(await job.moveToWaitingChildren(token!))) return 'no children';
      throw new WaitingChildrenError();
    });
    const done = completed(worker);
    const { id } = await queue.add('parent', {});
    await done;
    expect((await queue.getJob(id!))?.returnvalue).toEqual([42]);
  });

  backend.it('counts what it has done, minute by minute', async (store) => {
    const queue = store.queue();
    const worker = store.worker(async () => undefined, { metrics: { maxDataPoints: 10 } });
    const allDone = completed(worker, 2);
    await queue.addBulk([1, 2].map((n) => ({ name: `job ${n}`, data: {} })));
    await allDone;
    expect((await queue.getMetrics('completed')).meta.count).toBe(2);
  });

  backend.it('keeps as many jobs as it is told', async (store) => {
    const queue = store.queue();
    const worker = store.worker(async () => undefined, { removeOnComplete: { count: 2 } });
    const allDone = completed(worker, 5);
    await queue.addBulk([1, 2, 3, 4, 5].map((n) => ({ name: `job ${n}`, data: {} })));
    await allDone;
    expect(await queue.getCompletedCount()).toBe(2);
  });

  backend.it('appears among the workers of its queue', async (store) => {
    const queue = store.queue();
    const worker = store.worker(async () => undefined, { name: 'busy' });
    await worker.waitUntilReady();
    await expect.poll(() => queue.getWorkersCount(), { interval: 5 }).toBe(1);
    await worker.close();
    await expect.poll(() => queue.getWorkersCount(), { interval: 5 }).toBe(0);
  });
});
