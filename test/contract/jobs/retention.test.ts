import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Job, JobFailedError } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, type JobsApp } from '../../support/jobs-app.js';

@Injectable()
class Work {
  @Job({ queue: 'few', removeOnComplete: { count: 3 } })
  few(value: number): number {
    return value;
  }

  @Job({ queue: 'many', removeOnComplete: { count: 1_000 } })
  many(value: number): number {
    return value;
  }

  @Job({ queue: 'few-failed', attempts: 1, removeOnFail: { count: 2 } })
  fail(value: number): void {
    throw new Error(`failure ${value}`);
  }

  @Job({ queue: 'gone', removeOnComplete: true, removeOnFail: true, attempts: 1 })
  vanish(value: number): number {
    if (value < 0) throw new Error('negative');
    return value;
  }

  @Job({ queue: 'mixed', removeOnComplete: { count: 1 } })
  short(value: number): number {
    return value;
  }

  @Job({ queue: 'mixed', removeOnComplete: { count: 10 } })
  long(value: number): number {
    return value;
  }

  @Job({ queue: 'mixed-ages', removeOnComplete: true })
  brief(value: number): number {
    return value;
  }

  @Job({ queue: 'mixed-ages', removeOnComplete: false })
  forever(value: number): number {
    return value;
  }
}

/** A later version of {@link Work}. */
@Injectable()
class KeepingLess {
  @Job({ queue: 'many', removeOnComplete: { count: 20 } })
  many(value: number): number {
    return value;
  }
}

describeEngines('retention', (engine) => {
  const boot = () => createJobsApp(engine, { providers: [Work] });
  const queueOf = ({ module }: JobsApp, name: string) => module.get<Queue>(`BullQueue_${name}`);

  it('keeps as many completed jobs as the count says, the newest', async () => {
    const app = await boot();
    const handles = [];
    for (const value of [1, 2, 3, 4, 5, 6]) {
      const handle = await app.jobs.enqueue(Work, (s) => s.few(value));
      expect(await handle.result()).toBe(value);
      handles.push(handle);
    }
    await expect.poll(() => queueOf(app, 'few').getCompletedCount()).toBe(3);
    const states = await Promise.all(handles.map((handle) => handle.state()));
    expect(states).toEqual([
      'removed',
      'removed',
      'removed',
      'completed',
      'completed',
      'completed',
    ]);
  });

  it('keeps little more than the count says where it is large', async () => {
    const app = await boot();
    const values = Array.from({ length: 1_300 }, (_, index) => index);
    await app.jobs.enqueueMany(Work, values, (s, value) => s.many(value));
    const queue = queueOf(app, 'many');
    await expect
      .poll(() => queue.getJobCountByTypes('waiting', 'active'), { timeout: 15_000 })
      .toBe(0);
    const kept = await queue.getCompletedCount();
    expect(kept).toBeGreaterThanOrEqual(1_000);
    // 1 %, and on PostgreSQL those that ended while others removed.
    expect(kept).toBeLessThanOrEqual(1_050);
  });

  it('comes down to a count that a deploy has lowered, without a job that ends', async () => {
    const before = await boot();
    const values = Array.from({ length: 1_200 }, (_, index) => index);
    await before.jobs.enqueueMany(Work, values, (s, value) => s.many(value));
    await expect
      .poll(() => queueOf(before, 'many').getJobCountByTypes('waiting', 'active'), {
        timeout: 15_000,
      })
      .toBe(0);
    await before.close();
    const { isolation } = before;
    const later = await createJobsApp(engine, { providers: [KeepingLess], isolation });
    const queue = queueOf(later, 'many');
    await expect.poll(() => queue.getCompletedCount(), { timeout: 15_000 }).toBe(20);
    // The newest are left.
    const left = await queue.getCompleted();
    expect(Math.min(...left.map(({ returnvalue }) => Number(returnvalue)))).toBeGreaterThan(1_000);
  });

  it('keeps as many failed jobs as the count says', async () => {
    const app = await boot();
    for (const value of [1, 2, 3, 4]) {
      const handle = await app.jobs.enqueue(Work, (s) => s.fail(value));
      await expect(handle.result()).rejects.toThrow(`failure ${value}`);
    }
    await expect.poll(() => queueOf(app, 'few-failed').getFailedCount()).toBe(2);
  });

  it('still tells the result of a job that is to be removed at once', async () => {
    const { jobs, isolation } = await boot();
    const handles = await Promise.all(
      [1, 2, 3].map((value) => jobs.enqueue(Work, (s) => s.vanish(value))),
    );
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual([1, 2, 3]);
    // Not from memory: another process may ask as well.
    const other = await createJobsApp(engine, {
      providers: [Work],
      isolation,
      options: { workers: false },
    });
    const found = await other.jobs.get<number>(handles[0]!);
    expect(await found!.result()).toBe(1);

    const failed = await jobs.enqueue(Work, (s) => s.vanish(-1));
    await expect(failed.result()).rejects.toThrow(JobFailedError);
    await expect(failed.result()).rejects.toThrow(/negative/);
  });

  it.each([
    [
      'a smaller count',
      'mixed',
      (s: Work, value: number) => s.short(value),
      (s: Work, value: number) => s.long(value),
    ],
    [
      'none',
      'mixed-ages',
      (s: Work, value: number) => s.brief(value),
      (s: Work, value: number) => s.forever(value),
    ],
  ])('of a handler is not cut by another of its queue with %s', async (_kind, name, cut, keep) => {
    const app = await boot();
    const run = async (call: (s: Work, value: number) => number, value: number) => {
      const handle = await app.jobs.enqueue(Work, (s) => call(s, value));
      expect(await handle.result()).toBe(value);
      return handle;
    };
    const kept = [await run(keep, 1), await run(keep, 2)];
    for (const value of [3, 4, 5]) await run(cut, value);
    // The last one is settled, and what it removes is removed, in one step of the store.
    expect(await queueOf(app, name).getActiveCount()).toBe(0);
    for (const [index, handle] of kept.entries()) {
      expect(await handle.state()).toBe('completed');
      expect(await handle.result()).toBe(index + 1);
    }
  });

  it('of a handler is not cut by jobs of a producer that does not know it', async () => {
    const app = await boot();
    const kept = [];
    for (const value of [1, 2]) {
      const handle = await app.jobs.enqueue(Work, (s) => s.long(value));
      await handle.result();
      kept.push(handle);
    }
    const stranger = await createJobsApp(engine, {
      isolation: app.isolation,
      options: { workers: false, defaults: { removeOnComplete: { count: 1 } } },
    });
    const foreign = await stranger.jobs.enqueueByName('Work.long', [3], { queue: 'mixed' });
    expect(await foreign.result()).toBe(3);
    const states = await Promise.all([...kept, foreign].map((handle) => handle.state()));
    expect(states).toEqual(['completed', 'completed', 'completed']);
  });
});
