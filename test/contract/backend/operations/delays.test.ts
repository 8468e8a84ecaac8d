import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

const START = 1_700_000_000_000;

describeBackends('delaying a job', (backend) => {
  backend.it('delays an active job from a moment on', async (store) => {
    const queue = new QueueDriver(store);
    const now = Date.now();
    await queue.addAll('one');
    await queue.claim();
    await queue.backend.moveToDelayed('one', now, 60_000, 'token');
    expect(await queue.state('one')).toBe('delayed');
    expect(await queue.job('one')).toMatchObject({ delay: 60_000, attemptsMade: 1 });
    expect((await queue.events()).at(-1)).toEqual({
      event: 'delayed',
      jobId: 'one',
      delay: String(now + 60_000),
    });
    expect(Math.floor((await queue.claim()).delayUntil)).toBe(now + 60_000);
    expect(await queue.backend.extendLock('one', 'token', 1_000)).toBe(0);
  });

  backend.it(
    'does not count the attempt where it is told so, and stores the reason',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('one');
      await queue.claim();
      const fieldsToUpdate = { failedReason: 'broken', stacktrace: '["Error: broken"]' };
      const options = { skipAttempt: true, fieldsToUpdate };
      await queue.backend.moveToDelayed('one', Date.now(), 60_000, 'token', options);
      expect(await queue.job('one')).toMatchObject({ attemptsMade: 0, ...fieldsToUpdate });
    },
  );

  backend.it('hands out the next job in the same step', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'two');
    await queue.claim();
    const result = await queue.backend.moveToDelayed('one', Date.now(), 60_000, 'token', {
      fetchNext: true,
    });
    expect(result).toMatchObject([{ name: 'work' }, 'two', 0, 0]);
  });

  backend.it('refuses to delay what is not there, not locked, not active', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'two');
    await queue.claim('mine');
    const delay = (id: string, token: string) =>
      queue.backend.moveToDelayed(id, Date.now(), 60_000, token);
    await expect(delay('nobody', 'mine')).rejects.toMatchObject({
      code: -1,
      message: 'Missing key for job nobody. moveToDelayed',
    });
    await expect(delay('one', 'yours')).rejects.toMatchObject({ code: -6 });
    await expect(delay('two', '0')).rejects.toMatchObject({ code: -3 });
    expect(await queue.state('two')).toBe('waiting');
  });

  backend.it('changes a delay, which counts from now', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(START);
    await queue.add({ id: 'late', opts: { delay: 60_000 } });
    store.setTime(START + 10_000);
    await queue.backend.changeDelay('late', 90_000);
    expect((await queue.job('late')).delay).toBe(90_000);
    expect(Math.floor((await queue.claim()).delayUntil)).toBe(START + 100_000);
  });

  backend.it(
    'tells when a changed delay is over',
    async (store) => {
      const queue = new QueueDriver(store);
      store.setTime(START);
      await queue.add({ id: 'late', opts: { delay: 60_000 } });
      await queue.backend.changeDelay('late', 90_000);
      expect((await queue.events()).at(-1)).toEqual({
        event: 'delayed',
        jobId: 'late',
        delay: String(START + 90_000),
      });
    },
    POSTGRES.changedDelayIsNotTold,
  );

  backend.it('changes the delay of delayed jobs only', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    await expect(queue.backend.changeDelay('one', 10)).rejects.toMatchObject({
      code: -3,
      message: 'Job one is not in the delayed state. changeDelay',
    });
    await expect(queue.backend.changeDelay('nobody', 10)).rejects.toMatchObject({
      code: -1,
      message: 'Missing key for job nobody. changeDelay',
    });
  });

  backend.it('promotes a job to the end of those that wait', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'late', opts: { delay: 60_000 } });
    await queue.addAll('waiting');
    await queue.backend.promote('late');
    expect(await queue.state('late')).toBe('waiting');
    expect((await queue.job('late')).delay).toBe(0);
    expect(await queue.history('late')).toEqual(['added', 'delayed', 'waiting<delayed']);
    expect(await queue.claimAll()).toEqual(['waiting', 'late']);
  });

  backend.it('promotes a job with a priority to those with one', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'late', opts: { delay: 60_000, priority: 4 } });
    await queue.backend.promote('late');
    expect(await queue.state('late')).toBe('prioritized');
  });

  backend.it('promotes delayed jobs only', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    await expect(queue.backend.promote('one')).rejects.toMatchObject({
      code: -3,
      message: 'Job one is not in the delayed state. promote',
    });
  });

  backend.it(
    'refuses to promote what is not there',
    async (store) => {
      const queue = new QueueDriver(store);
      await expect(queue.backend.promote('nobody')).rejects.toMatchObject({ code: -3 });
    },
    POSTGRES.promoteTellsMissing,
  );

  backend.it(
    'promotes many jobs in portions, in the order in which they are due',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.add({ id: 'third', opts: { delay: 70_000 } });
      await queue.add({ id: 'first', opts: { delay: 50_000 } });
      await queue.add({ id: 'second', opts: { delay: 60_000 } });
      expect(await queue.backend.promoteJobs(2)).toBe(1);
      expect(await queue.ids('delayed')).toEqual(['third']);
      expect(await queue.backend.promoteJobs(2)).toBe(0);
      expect(await queue.claimAll()).toEqual(['first', 'second', 'third']);
    },
    POSTGRES.dueKeepPlace,
  );
});
