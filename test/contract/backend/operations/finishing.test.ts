import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { minimal } from '../job-drafts.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

describeBackends('finishing a job', (backend) => {
  backend.it('completes a job with its result', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(1_700_000_000_000);
    await queue.add({ id: 'one' });
    await queue.claim();
    store.setTime(1_700_000_000_500);
    const { finishedOn } = await queue.complete('one', { sum: 3 });
    expect(finishedOn).toBe(1_700_000_000_500);
    expect(await queue.state('one')).toBe('completed');
    expect(await queue.job('one')).toMatchObject({
      returnvalue: '{"sum":3}',
      finishedOn: 1_700_000_000_500,
      processedOn: 1_700_000_000_000,
      attemptsMade: 1,
      attemptsStarted: 1,
    });
  });

  backend.it('takes no result for null', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'one' }, undefined);
    expect((await queue.job('one')).returnvalue).toBe('null');
  });

  backend.it('tells of a completion, and that the queue is empty', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'one' }, 42);
    expect((await queue.events()).slice(-2)).toEqual([
      { event: 'completed', jobId: 'one', returnvalue: '42', prev: 'active' },
      { event: 'drained' },
    ]);
  });

  backend.it('fails a job with its reason and its stack', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'one' });
    await queue.claim();
    const fieldsToUpdate = { failedReason: 'broken', stacktrace: '["Error: broken"]' };
    const { finishedOn } = await queue.fail('one', 'broken', { fieldsToUpdate });
    expect(await queue.state('one')).toBe('failed');
    expect(await queue.job('one')).toMatchObject({
      failedReason: 'broken',
      stacktrace: '["Error: broken"]',
      finishedOn,
      attemptsMade: 1,
    });
  });

  backend.it('tells of a failure, and that there are no attempts left', async (store) => {
    const queue = new QueueDriver(store);
    await queue.failed({ id: 'one', opts: { attempts: 1 } }, 'broken');
    expect((await queue.events()).slice(-3)).toEqual([
      { event: 'failed', jobId: 'one', failedReason: 'broken', prev: 'active' },
      { event: 'retries-exhausted', jobId: 'one', attemptsMade: '1' },
      { event: 'drained' },
    ]);
  });

  backend.it(
    'does not say that attempts are exhausted while there are some',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.failed({ id: 'one', opts: { attempts: 3 } });
      expect(await queue.history('one')).toEqual([
        'added',
        'waiting',
        'active<waiting',
        'failed<active',
      ]);
    },
    POSTGRES.exhaustedAtEachFailure,
  );

  backend.it('is drained only when nothing waits and nothing runs', async (store) => {
    const queue = new QueueDriver(store);
    const isDrained = async () => (await queue.events()).some(({ event }) => event === 'drained');
    await queue.addAll('one', 'two');
    await queue.add({ id: 'ranked', opts: { priority: 1 } });
    await queue.add({ id: 'late', opts: { delay: 60_000 } });
    await queue.claim();
    await queue.complete('one');
    expect(await isDrained(), 'two waits').toBe(false);
    await queue.claim();
    await queue.complete('two');
    expect(await isDrained(), 'ranked waits').toBe(false);
    await queue.claim();
    expect(await isDrained(), 'ranked runs').toBe(false);
    await queue.complete('ranked');
    expect(await isDrained(), 'only a delayed job is left').toBe(true);
  });

  backend.it('hands out the next job in the same step', async (store) => {
    const queue = new QueueDriver(store, { name: 'worker one' });
    await queue.addAll('one', 'two');
    await queue.claim();
    const { next } = await queue.complete('one', null, { fetchNext: true });
    expect(next).toMatchObject({ id: 'two', limitedFor: 0, delayUntil: 0 });
    expect(next.job).toMatchObject({ attemptsStarted: 1, processedBy: 'worker one' });
    expect(await queue.backend.extendLock('two', 'token', 1_000)).toBe(1);
    const failure = await queue.fail('two', 'broken', { fetchNext: true });
    expect(failure.next).toMatchObject({ id: undefined, limitedFor: 0, delayUntil: 0 });
  });

  backend.it('says when the next job is due, where none is ready', async (store) => {
    const queue = new QueueDriver(store);
    const timestamp = Date.now();
    await queue.addAll('one');
    await queue.add({ id: 'late', timestamp, opts: { delay: 60_000 } });
    await queue.claim();
    const { next } = await queue.complete('one', null, { fetchNext: true });
    expect(next.id).toBeUndefined();
    expect(Math.floor(next.delayUntil)).toBe(timestamp + 60_000);
  });

  backend.it('hands out nothing unasked', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'two');
    await queue.claim();
    expect((await queue.complete('one')).next.id).toBeUndefined();
    expect(await queue.state('two')).toBe('waiting');
  });

  backend.it('gives up the lock', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'one' });
    expect(await queue.backend.extendLock('one', 'token', 1_000)).toBe(0);
  });

  backend.it('takes the token 0 for any', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'one' });
    await queue.claim('0');
    await queue.complete('one', null, { token: '0' });
    expect(await queue.state('one')).toBe('completed');
  });

  backend.it('finishes each job once', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'one' }, 'first');
    await expect(queue.complete('one', 'second', { token: '0' })).rejects.toMatchObject({
      code: -3,
    });
    await expect(queue.fail('one', 'third')).rejects.toThrow('moveToFinished');
    expect((await queue.job('one')).returnvalue).toBe('"first"');
  });

  backend.it('refuses a job that does not exist', async (store) => {
    const queue = new QueueDriver(store);
    await expect(queue.complete('nobody')).rejects.toMatchObject({
      code: -1,
      message: 'Missing key for job nobody. moveToFinished',
    });
  });

  backend.it('refuses the token of another worker', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'one' });
    await queue.claim('mine');
    await expect(queue.complete('one', null, { token: 'yours' })).rejects.toMatchObject({
      code: -6,
      message: 'Lock mismatch for job one. Cmd moveToFinished from active',
    });
    expect(await queue.state('one')).toBe('active');
  });

  backend.it('refuses a job that is not active', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'one' });
    await expect(queue.complete('one', null, { token: '0' })).rejects.toMatchObject({
      code: -3,
      message: 'Job one is not in the active state. moveToFinished',
    });
    expect(await queue.state('one')).toBe('waiting');
  });

  backend.it('refuses to complete a parent whose children are not done', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'parent' });
    await queue.claim();
    await queue.add({ id: 'child', parent: queue.parent('parent') });
    await expect(queue.complete('parent')).rejects.toMatchObject({
      code: -4,
      message: 'Job parent has pending dependencies. moveToFinished',
    });
    expect(await queue.state('parent')).toBe('active');
  });

  backend.it('keeps the job active whose result has no JSON', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'one' });
    await queue.claim();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const completing = queue.backend.moveToCompleted(minimal('one'), circle, false, 'token', false);
    await expect(completing).rejects.toThrow(TypeError);
    expect(await queue.state('one')).toBe('active');
  });
});
