import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

describeBackends('claiming a job', (backend) => {
  backend.it('returns the job, its id and two zeros', async (store) => {
    const queue = new QueueDriver(store);
    const before = Date.now();
    await queue.add({ id: 'one', name: 'resize', data: { a: 1 } });
    const result = await queue.backend.moveToActive('token', 'worker one');
    expect(result).toHaveLength(4);
    const [job, id, limitedFor, delayUntil] = result;
    expect({ id, limitedFor, delayUntil }).toEqual({ id: 'one', limitedFor: 0, delayUntil: 0 });
    expect(job).toMatchObject({
      name: 'resize',
      data: '{"a":1}',
      attemptsStarted: 1,
      attemptsMade: 0,
      processedBy: 'worker one',
    });
    expect(job.processedOn).toBeGreaterThanOrEqual(before);
    expect(job.processedOn).toBeLessThanOrEqual(Date.now());
    expect(await queue.job('one')).toMatchObject({ attemptsStarted: 1, processedBy: 'worker one' });
    expect(await queue.state('one')).toBe('active');
    expect(await queue.history('one')).toEqual(['added', 'waiting', 'active<waiting']);
  });

  backend.it('names no worker when the worker has no name', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'one' });
    const { job } = await queue.claim();
    expect(job?.processedBy).toBeUndefined();
  });

  backend.it('returns no job from an empty queue', async (store) => {
    const queue = new QueueDriver(store);
    const result = await queue.backend.moveToActive('token');
    expect(result).toHaveLength(4);
    expect(result.map((part: unknown) => part || 0)).toEqual([0, 0, 0, 0]);
  });

  backend.it('gives each job once', async (store) => {
    const queue = new QueueDriver(store);
    const other = new QueueDriver(store);
    await queue.addAll('a', 'b', 'c', 'd');
    const claims = await Promise.all([queue, other, queue, other, queue].map((q) => q.claim()));
    expect(new Set(claims.map(({ id }) => id))).toEqual(new Set(['a', 'b', 'c', 'd', undefined]));
  });

  backend.it('goes by age, newest first for LIFO jobs, then by priority and age', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'ranked 5', opts: { priority: 5 } });
    await queue.add({ id: 'ranked 2', opts: { priority: 2 } });
    await queue.add({ id: 'ranked 5 again', opts: { priority: 5 } });
    await queue.add({ id: 'ranked 2 097 151', opts: { priority: 2_097_151 } });
    await queue.addAll('old', 'new');
    await queue.add({ id: 'lifo old', opts: { lifo: true } });
    await queue.add({ id: 'lifo new', opts: { lifo: true } });
    expect(await queue.claimAll()).toEqual([
      'lifo new',
      'lifo old',
      'old',
      'new',
      'ranked 2',
      'ranked 5',
      'ranked 5 again',
      'ranked 2 097 151',
    ]);
  });

  backend.it('says when the next delayed job is due', async (store) => {
    const queue = new QueueDriver(store);
    const timestamp = Date.now();
    await queue.add({ id: 'late', timestamp, opts: { delay: 60_000 } });
    await queue.add({ id: 'later', timestamp, opts: { delay: 90_000 } });
    const { job, id, limitedFor, delayUntil } = await queue.claim();
    expect({ job, id, limitedFor }).toEqual({ job: undefined, id: undefined, limitedFor: 0 });
    expect(Math.floor(delayUntil)).toBe(timestamp + 60_000);
  });

  backend.it(
    'promotes the jobs that are due, in the order in which they are due',
    async (store) => {
      const queue = new QueueDriver(store);
      const timestamp = Date.now() - 10_000;
      await queue.add({ id: 'second', timestamp, opts: { delay: 2_000 } });
      await queue.add({ id: 'first', timestamp, opts: { delay: 1_000 } });
      await queue.add({ id: 'third', timestamp, opts: { delay: 2_000 } });
      await queue.add({ id: 'ranked', timestamp, opts: { delay: 500, priority: 1 } });
      await queue.add({ id: 'not yet', timestamp, opts: { delay: 90_000 } });
      expect((await queue.claim()).job).toMatchObject({ delay: 0 });
      expect(await queue.claimAll()).toEqual(['second', 'third', 'ranked']);
      expect(await queue.state('not yet')).toBe('delayed');
      expect(await queue.history('second')).toEqual([
        'added',
        'delayed',
        'waiting<delayed',
        'active<waiting',
      ]);
    },
    POSTGRES.dueKeepPlace,
  );

  backend.it(
    'puts promoted jobs behind those that wait already',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.add({ id: 'due', timestamp: Date.now() - 10_000, opts: { delay: 1_000 } });
      await queue.addAll('waiting');
      expect(await queue.claimAll()).toEqual(['waiting', 'due']);
    },
    POSTGRES.dueKeepPlace,
  );

  backend.it(
    'forgets that a promoted job was LIFO',
    async (store) => {
      const queue = new QueueDriver(store);
      const timestamp = Date.now() - 10_000;
      await queue.addAll('waiting');
      await queue.add({ id: 'due', timestamp, opts: { delay: 1_000, lifo: true } });
      expect(await queue.claimAll()).toEqual(['waiting', 'due']);
    },
    POSTGRES.dueKeepPlace,
  );

  backend.it('promotes due jobs although the queue is paused', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'due', timestamp: Date.now() - 10_000, opts: { delay: 1_000 } });
    await queue.backend.pause(true);
    expect((await queue.claim()).id).toBeUndefined();
    expect(await queue.state('due')).toBe('waiting');
  });

  backend.it('counts every start of a job', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'one' });
    await queue.claim();
    await queue.backend.retryJob('one', false, 'token');
    const { job } = await queue.claim();
    expect(job).toMatchObject({ attemptsStarted: 2, attemptsMade: 1 });
  });
});
