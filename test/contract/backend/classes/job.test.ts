import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';

describeBackends('the job', (backend) => {
  backend.it('changes while it waits', async (store) => {
    const queue = store.queue();
    const job = await queue.add('one', { before: true });
    await job.updateData({ after: true });
    await job.updateProgress({ done: 1 });
    await job.changePriority({ priority: 3 });
    expect(await queue.getJob(job.id!)).toMatchObject({
      data: { after: true },
      progress: { done: 1 },
      priority: 3,
    });
    expect(await job.getState()).toBe('prioritized');
  });

  backend.it('is put off and promoted', async (store) => {
    const queue = store.queue();
    const job = await queue.add('late', {}, { delay: 60_000 });
    expect(await job.isDelayed()).toBe(true);
    await job.changeDelay(90_000);
    expect((await queue.getJob(job.id!))?.delay).toBe(90_000);
    await job.promote();
    expect(await job.isWaiting()).toBe(true);
    expect((await queue.getJob(job.id!))?.delay).toBe(0);
  });

  backend.it('keeps a log', async (store) => {
    const queue = store.queue();
    const job = await queue.add('one', {}, { keepLogs: 2 });
    for (const line of ['first', 'second', 'third']) await job.log(line);
    expect(await queue.getJobLogs(job.id!)).toEqual({ logs: ['second', 'third'], count: 2 });
    await job.clearLogs();
    expect(await queue.getJobLogs(job.id!)).toEqual({ logs: [], count: 0 });
    await queue.addJobLog(job.id!, 'from outside');
    expect((await queue.getJobLogs(job.id!)).logs).toEqual(['from outside']);
  });

  backend.it('fails, and runs again when it is told to', async (store) => {
    const queue = store.queue();
    const worker = store.worker(null);
    await queue.add('one', {});
    const job = await worker.getNextJob('token');
    expect(await job.extendLock('token', 30_000)).toBe(1);
    await job.moveToFailed(new Error('broken'), 'token', false);
    expect(await job.isFailed()).toBe(true);
    expect(job).toMatchObject({ failedReason: 'broken', attemptsMade: 1 });
    await job.retry('failed', { resetAttemptsMade: true });
    const again = await worker.getNextJob('token');
    expect(again).toMatchObject({ id: job.id, attemptsMade: 0, attemptsStarted: 2 });
    expect(again.failedReason).toBeUndefined();
    await again.moveToCompleted('mended', 'token', false);
    expect(await again.isCompleted()).toBe(true);
    await expect(again.retry('failed')).rejects.toThrow('is not in the failed state');
  });

  backend.it('is removed, unless it runs', async (store) => {
    const queue = store.queue();
    const worker = store.worker(null);
    const first = await queue.add('one', {});
    const second = await queue.add('two', {});
    await worker.getNextJob('token');
    await expect(first.remove()).rejects.toThrow('could not be removed because it is locked');
    await second.remove();
    expect(await queue.getJob(second.id!)).toBeUndefined();
    expect(await first.isActive()).toBe(true);
  });

  backend.it('refuses changes when it is gone', async (store) => {
    const queue = store.queue();
    const job = await queue.add('one', {});
    await job.remove();
    await expect(job.updateData({})).rejects.toThrow(`Missing key for job ${job.id}. updateData`);
    await expect(job.updateProgress(1)).rejects.toThrow('updateProgress');
    await expect(job.log('line')).rejects.toThrow('addLog');
    await expect(job.retry()).rejects.toThrow('reprocessJob');
    expect(await job.getState()).toBe('unknown');
  });

  backend.it('keeps any JSON as data and as result', async (store) => {
    const queue = store.queue();
    const worker = store.worker(null);
    for (const value of [0, '', 'größe 😀', [1, [2]], { a: { b: null } }, true]) {
      const { id } = await queue.add('one', value);
      const job = await worker.getNextJob('token');
      expect(job.data).toEqual(value);
      await job.moveToCompleted(value, 'token', false);
      expect((await queue.getJob(id!))?.returnvalue).toEqual(value);
    }
  });

  backend.it(
    'keeps null as data',
    async (store) => {
      const queue = store.queue();
      const { id } = await queue.add('one', null);
      expect((await queue.getJob(id!))?.data).toBeNull();
    },
    POSTGRES.nullBecomesAnObject,
  );
});
