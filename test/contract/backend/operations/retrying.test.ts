import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { minimal } from '../job-drafts.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

const START = 1_700_000_000_000;

describeBackends('running a job again', (backend) => {
  backend.it('puts an active job behind the others, or in front of them', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'two', 'three');
    await queue.claim();
    await queue.claim();
    await queue.backend.retryJob('one', false, 'token');
    await queue.backend.retryJob('two', true, 'token');
    expect(await queue.claimAll()).toEqual(['two', 'three', 'one']);
    expect(await queue.job('one')).toMatchObject({ attemptsMade: 1, attemptsStarted: 2 });
    expect((await queue.history('one')).slice(-2)).toEqual(['waiting<active', 'active<waiting']);
  });

  backend.it('stores why the job runs again, and gives up its lock', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    await queue.claim();
    const fieldsToUpdate = { failedReason: 'broken', stacktrace: '["Error: broken"]' };
    await queue.backend.retryJob('one', false, 'token', { fieldsToUpdate });
    expect(await queue.job('one')).toMatchObject(fieldsToUpdate);
    expect(await queue.backend.extendLock('one', 'token', 1_000)).toBe(0);
  });

  backend.it('puts a job with a priority back among its like', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'ranked', opts: { priority: 2 } });
    await queue.claim();
    await queue.backend.retryJob('ranked', true, 'token');
    expect(await queue.state('ranked')).toBe('prioritized');
  });

  backend.it('refuses to retry what is not there, not locked, not active', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'two');
    await queue.claim('mine');
    const retry = (id: string, token: string) => queue.backend.retryJob(id, false, token);
    await expect(retry('nobody', 'mine')).rejects.toMatchObject({
      code: -1,
      message: 'Missing key for job nobody. retryJob',
    });
    await expect(retry('one', 'yours')).rejects.toMatchObject({ code: -6 });
    await expect(retry('two', '0')).rejects.toMatchObject({
      code: -3,
      message: 'Job two is not in the active state. retryJob',
    });
  });

  backend.it('reprocesses a failed job as if it had not failed', async (store) => {
    const queue = new QueueDriver(store);
    await queue.failed({ id: 'lost' }, 'broken');
    await queue.addAll('waiting');
    await queue.backend.retryFinishedJob(minimal('lost'), 'failed');
    const job = await queue.job('lost');
    expect(job).toMatchObject({ attemptsMade: 1, attemptsStarted: 1 });
    for (const field of ['failedReason', 'finishedOn', 'processedOn']) {
      expect(job).not.toHaveProperty(field, expect.anything());
    }
    expect(await queue.claimAll()).toEqual(['waiting', 'lost']);
    expect((await queue.history('lost')).slice(-2)).toEqual(['waiting<failed', 'active<waiting']);
  });

  backend.it('reprocesses a completed job, first of all if it is LIFO', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'done' }, 'result');
    await queue.addAll('waiting');
    const job = minimal('done', { opts: { lifo: true } });
    await queue.backend.retryFinishedJob(job, 'completed');
    expect(JSON.parse((await queue.job('done')).returnvalue ?? 'null')).toBeNull();
    expect(await queue.claimAll()).toEqual(['done', 'waiting']);
  });

  backend.it('counts the attempts from 0 where it is told to', async (store) => {
    const queue = new QueueDriver(store);
    await queue.failed({ id: 'lost', opts: { priority: 3 } });
    await queue.backend.retryFinishedJob(minimal('lost'), 'failed', {
      resetAttemptsMade: true,
      resetAttemptsStarted: true,
    });
    expect(await queue.job('lost')).toMatchObject({ attemptsMade: 0, attemptsStarted: 0 });
    expect(await queue.state('lost')).toBe('prioritized');
  });

  backend.it('refuses to reprocess a job in another state', async (store) => {
    const queue = new QueueDriver(store);
    await queue.failed({ id: 'lost' });
    await expect(
      queue.backend.retryFinishedJob(minimal('lost'), 'completed'),
    ).rejects.toMatchObject({
      code: -3,
      message: 'Job lost is not in the completed state. reprocessJob',
    });
    await expect(queue.backend.retryFinishedJob(minimal('nobody'), 'failed')).rejects.toMatchObject(
      { code: -1, message: 'Missing key for job nobody. reprocessJob' },
    );
  });

  backend.it('gives a reprocessed child back to its parent', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'parent' }, { id: 'child' });
    await queue.claim();
    await queue.complete('child', 'result');
    await queue.backend.retryFinishedJob(minimal('child'), 'completed');
    expect(await queue.backend.getDependencies('parent', {})).toMatchObject({
      processed: {},
      unprocessed: [queue.key('child')],
    });
    expect(await queue.state('parent')).toBe('waiting');
  });

  backend.it(
    'moves finished jobs back in portions, the oldest first',
    async (store) => {
      const queue = new QueueDriver(store);
      for (const [index, id] of ['a', 'b', 'c'].entries()) {
        store.setTime(START + index);
        await queue.failed({ id }, 'broken');
      }
      expect(await queue.backend.retryFinishedJobs('failed', 2, START + 10)).toBe(1);
      expect(await queue.ids('failed')).toEqual(['c']);
      expect(await queue.backend.retryFinishedJobs('failed', 2, START + 10)).toBe(0);
      expect(await queue.claimAll()).toEqual(['a', 'b', 'c']);
      expect(await queue.job('a')).not.toHaveProperty('failedReason', expect.anything());
      expect((await queue.history('a')).slice(-2)).toEqual(['waiting<failed', 'active<waiting']);
    },
    POSTGRES.bulkTellsHowMany,
  );

  backend.it(
    'moves only jobs back that had finished by then',
    async (store) => {
      const queue = new QueueDriver(store);
      store.setTime(START);
      await queue.finished({ id: 'old' });
      store.setTime(START + 2);
      await queue.finished({ id: 'new' });
      expect(await queue.backend.retryFinishedJobs('completed', 10, START + 1)).toBe(0);
      expect(await queue.ids('completed')).toEqual(['new']);
      expect(await queue.claimAll()).toEqual(['old']);
    },
    POSTGRES.bulkTellsHowMany,
  );

  backend.it(
    'moves jobs with a priority back as if they had none',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.failed({ id: 'ranked', opts: { priority: 3 } });
      await queue.backend.retryFinishedJobs('failed', 10);
      expect(await queue.state('ranked')).toBe('waiting');
      expect((await queue.job('ranked')).priority).toBe(3);
    },
    POSTGRES.keepsPriorityInBulk,
  );
});
