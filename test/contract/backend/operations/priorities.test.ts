import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

describeBackends('priorities', (backend) => {
  backend.it('gives a waiting job a priority, and takes it away', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'two');
    await queue.backend.changePriority('one', 5);
    expect(await queue.state('one')).toBe('prioritized');
    expect((await queue.job('one')).priority).toBe(5);
    await queue.backend.changePriority('one', 0);
    expect(await queue.state('one')).toBe('waiting');
    expect(await queue.claimAll()).toEqual(['two', 'one']);
  });

  backend.it('puts a changed job behind or in front of its like', async (store) => {
    const queue = new QueueDriver(store);
    for (const id of ['a', 'b', 'c']) await queue.add({ id, opts: { priority: 5 } });
    await queue.add({ id: 'first', opts: { priority: 9 } });
    await queue.add({ id: 'last', opts: { priority: 1 } });
    await queue.backend.changePriority('first', 5, true);
    await queue.backend.changePriority('last', 5, false);
    expect(await queue.claimAll()).toEqual(['first', 'a', 'b', 'c', 'last']);
  });

  backend.it('puts a job without a priority in front where it is told to', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'ranked', opts: { priority: 5 } });
    await queue.addAll('waiting');
    await queue.backend.changePriority('ranked', 0, true);
    expect(await queue.claimAll()).toEqual(['ranked', 'waiting']);
  });

  backend.it('keeps the new priority of a job that does not wait yet', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'late', opts: { delay: 60_000 } });
    await queue.backend.changePriority('late', 3);
    expect(await queue.state('late')).toBe('delayed');
    await queue.backend.promote('late');
    expect(await queue.state('late')).toBe('prioritized');
  });

  backend.it('refuses a job that does not exist', async (store) => {
    const queue = new QueueDriver(store);
    await expect(queue.backend.changePriority('nobody', 1)).rejects.toMatchObject({
      code: -1,
      message: 'Missing key for job nobody. changePriority',
    });
  });

  backend.it('counts the jobs of each priority', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('a', 'b');
    await queue.add({ opts: { priority: 1 } });
    await queue.add({ opts: { priority: 2_097_151 } });
    await queue.add({ opts: { priority: 2_097_151 } });
    await queue.add({ opts: { priority: 1, delay: 60_000 } });
    expect(await queue.backend.getCountsPerPriority([0, 1, 2, 2_097_151])).toEqual([2, 1, 0, 2]);
    expect(await queue.backend.getCountsPerPriority([2_097_151, 0])).toEqual([2, 2]);
  });

  backend.it('puts an active job back in front of its like', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'one', opts: { priority: 2 } });
    await queue.add({ id: 'two', opts: { priority: 2 } });
    await queue.claim();
    await queue.addAll('plain');
    expect(await queue.backend.moveJobFromActiveToWait('one', 'token')).toBe(0);
    expect(await queue.state('one')).toBe('prioritized');
    expect((await queue.history('one')).at(-1)).toBe('waiting<active');
    expect(await queue.claimAll()).toEqual(['plain', 'one', 'two']);
  });

  backend.it(
    'puts an active job without a priority in front of all',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('one', 'two');
      await queue.claim();
      await queue.backend.moveJobFromActiveToWait('one', 'token');
      expect((await queue.job('one')).attemptsMade).toBe(0);
      expect(await queue.claimAll()).toEqual(['one', 'two']);
    },
    POSTGRES.givenBackGoBehind,
  );

  backend.it(
    'puts back only what is there, under its own token',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('one', 'two');
      await queue.claim('mine');
      const putBack = (id: string, token: string) =>
        queue.backend.moveJobFromActiveToWait(id, token);
      await expect(putBack('nobody', 'mine')).rejects.toMatchObject({
        code: -1,
        message: 'Missing key for job nobody. moveJobFromActiveToWait',
      });
      await expect(putBack('one', 'yours')).rejects.toMatchObject({ code: -6 });
      await expect(putBack('two', 'mine')).rejects.toMatchObject({ code: -2 });
      expect(await putBack('two', '0')).toBe(0);
      expect(await queue.history('two')).toEqual(['added', 'waiting']);
    },
    POSTGRES.putBackChecksLess,
  );
});
