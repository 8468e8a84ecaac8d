import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

/** A worker that loses its locks at once, and looks for stalled jobs as often as it is asked to. */
const FORGETFUL = { lockDuration: 1, stalledInterval: 1 };

/** Waits until jobs have been found stalled. */
async function stalledJobs(queue: QueueDriver): Promise<string[]> {
  let stalled: string[] = [];
  await expect
    .poll(
      async () => {
        stalled = await queue.backend.moveStalledJobsToWait();
        return stalled.length;
      },
      { interval: 3 },
    )
    .toBeGreaterThan(0);
  return stalled;
}

/** Lets as many checks take place as a lost job needs to be found. */
async function checkTwice(queue: QueueDriver, probe: QueueDriver): Promise<string[]> {
  await probe.addAll('probe');
  await probe.claim();
  const stalled: string[] = [];
  await expect
    .poll(
      async () => {
        stalled.push(...(await queue.backend.moveStalledJobsToWait()));
        return (await probe.backend.moveStalledJobsToWait()).length;
      },
      { interval: 3 },
    )
    .toBe(1);
  return stalled;
}

describeBackends('locks and stalled jobs', (backend) => {
  backend.it('extends a lock for its holder only', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'waiting');
    await queue.claim('mine');
    expect(await queue.backend.extendLock('one', 'mine', 1_000)).toBe(1);
    expect(await queue.backend.extendLock('one', 'yours', 1_000)).toBe(0);
    expect(await queue.backend.extendLock('waiting', 'mine', 1_000)).toBe(0);
    expect(await queue.backend.extendLock('nobody', 'mine', 1_000)).toBe(0);
  });

  backend.it('names the jobs whose locks it could not extend', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'two', 'waiting');
    await queue.claim('mine');
    await queue.claim('yours');
    const ids = ['one', 'two', 'waiting', 'nobody'];
    const failed = await queue.backend.extendLocks(
      ids,
      ids.map(() => 'mine'),
      1_000,
    );
    expect(failed).toEqual(['two', 'waiting', 'nobody']);
    expect(await queue.backend.extendLocks([], [], 1_000)).toEqual([]);
  });

  backend.it(
    'says that a job is not locked before it looks where it is',
    async (store) => {
      const queue = new QueueDriver(store);
      const { backend: operations } = queue;
      await queue.finished({ id: 'one' });
      const notLocked = (command: string) => ({
        code: -2,
        message: `Missing lock for job one. ${command}`,
      });
      const later = Date.now();
      await expect(queue.complete('one')).rejects.toMatchObject(notLocked('moveToFinished'));
      await expect(queue.fail('one')).rejects.toMatchObject(notLocked('moveToFinished'));
      await expect(operations.retryJob('one', false, 'token')).rejects.toMatchObject(
        notLocked('retryJob'),
      );
      await expect(operations.moveToDelayed('one', later, 1, 'token')).rejects.toMatchObject(
        notLocked('moveToDelayed'),
      );
    },
    POSTGRES.stateBeforeLock,
  );

  backend.it(
    'loses a lock after its time',
    async (store) => {
      const queue = new QueueDriver(store, { lockDuration: 1 });
      await queue.addAll('one');
      await queue.claim();
      await expect.poll(() => queue.backend.extendLock('one', 'token', 1), { interval: 3 }).toBe(0);
      await expect(queue.complete('one')).rejects.toMatchObject({ code: -2 });
    },
    POSTGRES.expiredLocksHold,
  );

  backend.it(
    'puts stalled jobs in front of the others',
    async (store) => {
      const queue = new QueueDriver(store, FORGETFUL);
      await queue.addAll('one', 'two', 'three');
      await queue.claim();
      expect(await stalledJobs(queue)).toEqual(['one']);
      expect((await queue.job('one')).stalledCounter).toBe(1);
      expect(await queue.job('one')).not.toHaveProperty('deferredFailure', expect.anything());
      expect(await queue.claimAll()).toEqual(['one', 'two', 'three']);
    },
    POSTGRES.givenBackGoBehind,
  );

  backend.it(
    'tells of a stalled job, and that it waits again',
    async (store) => {
      const queue = new QueueDriver(store, FORGETFUL);
      await queue.addAll('one');
      await queue.claim();
      await stalledJobs(queue);
      expect((await queue.history('one')).slice(-2)).toEqual(['waiting<active', 'stalled']);
    },
    POSTGRES.stalledIsNotToldWaiting,
  );

  backend.it('leaves jobs alone whose lock is kept', async (store) => {
    const queue = new QueueDriver(store, { ...FORGETFUL, lockDuration: 30_000 });
    const probe = new QueueDriver(store, { ...FORGETFUL, queueName: `${store.queueName}-probe` });
    await queue.addAll('one');
    await queue.claim();
    expect(await checkTwice(queue, probe)).toEqual([]);
    expect(await queue.state('one')).toBe('active');
  });

  backend.it('lets a job fail that stalls too often', async (store) => {
    const queue = new QueueDriver(store, { ...FORGETFUL, maxStalledCount: 1 });
    await queue.addAll('one');
    await queue.claim();
    await stalledJobs(queue);
    await queue.claim();
    await stalledJobs(queue);
    expect(await queue.job('one')).toMatchObject({
      stalledCounter: 2,
      deferredFailure: 'job stalled more than allowable limit',
    });
    expect(await queue.state('one')).toBe('waiting');
    const { job } = await queue.claim();
    expect(job).toMatchObject({ deferredFailure: 'job stalled more than allowable limit' });
  });

  backend.it('looks once per interval, however many workers ask', async (store) => {
    const queue = new QueueDriver(store, { lockDuration: 1, stalledInterval: 60_000 });
    const probe = new QueueDriver(store, { ...FORGETFUL, queueName: `${store.queueName}-probe` });
    await queue.addAll('one');
    await queue.claim();
    expect(await checkTwice(queue, probe)).toEqual([]);
    expect(await queue.state('one')).toBe('active');
  });

  backend.it('does not take a job for stalled whose lock was extended', async (store) => {
    const queue = new QueueDriver(store, FORGETFUL);
    const probe = new QueueDriver(store, { ...FORGETFUL, queueName: `${store.queueName}-probe` });
    await queue.addAll('one');
    const { backend: keeper } = new QueueDriver(store, { lockDuration: 30_000 });
    await keeper.moveToActive('token');
    await queue.backend.moveStalledJobsToWait();
    expect(await keeper.extendLock('one', 'token', 30_000)).toBe(1);
    expect(await checkTwice(queue, probe)).toEqual([]);
    await queue.complete('one');
    expect(await queue.state('one')).toBe('completed');
  });
});
