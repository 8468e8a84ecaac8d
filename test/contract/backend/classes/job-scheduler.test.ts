import type { Job } from 'bullmq';
import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { signal } from '../../../support/jobs-app.js';

const NOON = Date.UTC(2024, 0, 1, 12);
const MINUTE = 60_000;

describeBackends('the job scheduler', (backend) => {
  backend.it('makes one job after the other', async (store) => {
    const queue = store.queue();
    const thrice = signal();
    const ids: string[] = [];
    store.worker(async (job: Job) => {
      ids.push(job.id!);
      expect(job.data).toEqual({ of: 'template' });
      if (ids.length === 3) thrice.resolve();
    });
    const template = { name: 'tick', data: { of: 'template' } };
    await queue.upsertJobScheduler('often', { every: 30 }, template);
    await thrice.promise;
    const times = ids.map((id) => Number(id.split(':').at(-1)));
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(30);
    expect(new Set(ids).size).toBe(ids.length);
    await queue.removeJobScheduler('often');
  });

  backend.it('stops after as many jobs as it is told', async (store) => {
    const queue = store.queue();
    const twice = signal();
    let runs = 0;
    store.worker(async () => {
      runs += 1;
      if (runs === 2) twice.resolve();
    });
    await queue.upsertJobScheduler('twice', { every: 15, limit: 2 });
    await twice.promise;
    await expect.poll(() => queue.getActiveCount(), { interval: 5 }).toBe(0);
    expect(await queue.getDelayedCount()).toBe(0);
    expect(await queue.getJobScheduler('twice')).toMatchObject({ iterationCount: 2, limit: 2 });
  });

  backend.it('makes the next job of a pattern for its time', async (store) => {
    const queue = store.queue();
    store.setTime(NOON);
    const job = await queue.upsertJobScheduler(
      'hourly',
      { pattern: '0 30 * * * *', tz: 'UTC' },
      { name: 'tick', data: { a: 1 }, opts: { attempts: 4 } },
    );
    expect(job).toMatchObject({ name: 'tick', delay: 30 * MINUTE });
    expect(await queue.getJobScheduler('hourly')).toMatchObject({
      key: 'hourly',
      name: 'tick',
      pattern: '0 30 * * * *',
      tz: 'UTC',
      next: NOON + 30 * MINUTE,
      iterationCount: 1,
      template: { data: { a: 1 }, opts: { attempts: 4 } },
    });
    expect(await queue.getDelayed()).toMatchObject([{ id: job.id, opts: { attempts: 4 } }]);
  });

  backend.it('lists, counts and removes schedules', async (store) => {
    const queue = store.queue();
    store.setTime(NOON);
    await queue.upsertJobScheduler('b', { pattern: '0 20 * * * *' });
    await queue.upsertJobScheduler('a', { pattern: '0 10 * * * *' });
    const ids = async () => (await queue.getJobSchedulers(0, -1, true)).map(({ key }) => key);
    expect(await ids()).toEqual(['a', 'b']);
    expect(await queue.getJobSchedulersCount()).toBe(2);
    expect(await queue.removeJobScheduler('a')).toBe(true);
    expect(await queue.removeJobScheduler('a')).toBe(false);
    expect(await ids()).toEqual(['b']);
    expect(await queue.getDelayedCount()).toBe(1);
    expect(await queue.getJobScheduler('a')).toBeUndefined();
  });

  backend.it('changes a schedule', async (store) => {
    const queue = store.queue();
    store.setTime(NOON);
    await queue.upsertJobScheduler('it', { pattern: '0 10 * * * *' }, { data: 1 });
    await queue.upsertJobScheduler('it', { pattern: '0 20 * * * *' }, { data: 2 });
    const delayed = await queue.getDelayed();
    expect(delayed).toMatchObject([{ data: 2, delay: 20 * MINUTE }]);
  });

  backend.it('goes on when a job of the schedule fails', async (store) => {
    const queue = store.queue();
    const twice = signal();
    let runs = 0;
    store.worker(async () => {
      runs += 1;
      if (runs === 2) twice.resolve();
      throw new Error('broken');
    });
    await queue.upsertJobScheduler('fragile', { every: 20 });
    await twice.promise;
    await queue.removeJobScheduler('fragile');
    await expect.poll(() => queue.getFailedCount(), { interval: 5 }).toBeGreaterThanOrEqual(2);
  });
});
