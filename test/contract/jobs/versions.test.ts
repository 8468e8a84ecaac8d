import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, type Type } from '@nestjs/common';
import type { Queue } from 'bullmq';
import {
  Calendar,
  JobContext,
  Recurring,
  ResultTimeoutError,
  type JobOptions,
  type RecurringOptions,
  type RecurringTick,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';
import { ticking, version } from '../../support/versions.js';

const SOON = { timeout: 10_000 };

const OLD = { name: 'old.name' } as const;
const NEW = { name: 'new.name', aliases: ['old.name'] } as const;

describeEngines('two versions of an application that live side by side', (engine) => {
  const boot = (type: Type, isolation?: Isolation) =>
    createJobsApp(engine, { providers: [type], ...(isolation && { isolation }) });

  const bootBoth = async (run: (key?: string) => unknown, options: JobOptions) => {
    const older = version(run, { ...options, ...OLD });
    const newer = version(run, { ...options, ...NEW });
    const one = await boot(older);
    const other = await boot(newer, one.isolation);
    return {
      enqueueOld: (key: string, how = {}) => one.jobs.enqueue(older, (s) => s.run(key), how),
      enqueueNew: (key: string, how = {}) => other.jobs.enqueue(newer, (s) => s.run(key), how),
    };
  };

  it('run as many jobs of a concurrency key as one of them may, by old and new name', async () => {
    const gates = { old: signal(), new: signal() };
    const started: string[] = [];
    const run = async (which = 'old') => {
      started.push(which);
      await gates[which as 'old' | 'new'].promise;
    };
    const concurrency = { key: () => 'k', limit: 1 };
    const { enqueueOld, enqueueNew } = await bootBoth(run, { concurrency });
    const first = await enqueueOld('old');
    await expect.poll(() => started, SOON).toEqual(['old']);
    const second = await enqueueNew('new');
    await expect(second.result({ timeout: 1_000 })).rejects.toThrow(ResultTimeoutError);
    expect(started).toEqual(['old']);
    gates.old.resolve();
    await expect.poll(() => started, SOON).toEqual(['old', 'new']);
    gates.new.resolve();
    await Promise.all([first, second].map((h) => h.result({ timeout: 15_000 })));
  }, 60_000);

  it('have one job of a unique key', async () => {
    const gate = signal();
    const unique = { key: (key: string) => key };
    const { enqueueOld, enqueueNew } = await bootBoth(() => gate.promise, { unique });
    const first = await enqueueOld('k');
    const second = await enqueueNew('k');
    const other = await enqueueNew('other');
    expect(second.id).toBe(first.id);
    expect(other.id).not.toBe(first.id);
    gate.resolve();
    await first.result({ timeout: 15_000 });
  });

  it('run a call with an idempotency key once', async () => {
    let runs = 0;
    const { enqueueOld, enqueueNew } = await bootBoth(() => (runs += 1), {});
    const first = await enqueueNew('x', { idempotencyKey: 'k' });
    expect(await first.result({ timeout: 15_000 })).toBe(1);
    const second = await enqueueOld('x', { idempotencyKey: 'k' });
    expect(second.id).toBe(first.id);
    expect(await second.result({ timeout: 15_000 })).toBe(1);
  });

  it('start as many jobs in a time as one of them may', async () => {
    const rateLimit = { max: 1, per: '10 min' } as const;
    const { enqueueOld, enqueueNew } = await bootBoth(() => 'ran', { rateLimit });
    const first = await enqueueOld('x');
    await first.result({ timeout: 15_000 });
    const second = await enqueueNew('x');
    await expect(second.result({ timeout: 1_000 })).rejects.toThrow(ResultTimeoutError);
  });

  it('have one recurring job, though its handler has another name', async () => {
    const older = await boot(ticking(() => undefined, 60_000, OLD));
    const newer = await boot(
      ticking(() => undefined, 60_000, NEW),
      older.isolation,
    );
    const all = await newer.jobs.recurring.list();
    expect(all.map(({ id, name }) => ({ id, name }))).toEqual([
      { id: 'old.name', name: 'new.name' },
    ]);
  });

  it('lose no tick of a recurring job that one of them knows', async () => {
    let runs = 0;
    const plain = version(() => undefined, { name: 'plain' });
    const { isolation } = await boot(plain);
    await boot(plain, isolation);
    const options = { id: 'mine', name: 'mine' };
    const { jobs } = await boot(
      ticking(() => (runs += 1), 1_000, options),
      isolation,
    );
    await expect.poll(() => runs, { timeout: 25_000 }).toBeGreaterThanOrEqual(6);
    expect(await jobs.recurring.get('mine')).toMatchObject({ misfires: 0, skips: 0 });
  }, 40_000);
});

describeEngines('a recurring job that a version has dropped', (engine) => {
  const every = 100;
  const boot = (type: Type, isolation?: Isolation) =>
    createJobsApp(engine, { providers: [type], ...(isolation && { isolation }) });

  /** A version that has it, and is gone for several of its ticks by now. */
  const outdated = async (options: RecurringOptions) => {
    const ticks: RecurringTick[] = [];
    @Injectable()
    class Service {
      constructor(private readonly context: JobContext) {}

      @Recurring({ every }, { id: 'mine', name: 'mine', ...options })
      run(): void {
        ticks.push(this.context.tick!);
      }
    }
    const { isolation, close } = await boot(Service);
    await expect.poll(() => ticks.length, SOON).toBeGreaterThan(0);
    await close();
    const reader = await createJobsApp(engine, { options: { workers: false }, isolation });
    const queue = reader.module.get<Queue>(getQueueToken('default'));
    const runs = async () => {
      const all = await queue.getJobs();
      return all.map(({ id }) => id!).filter((id) => id.startsWith('mine@'));
    };
    await new Promise((resolve) => setTimeout(resolve, 10 * every));
    return { Service, ticks, isolation, runs };
  };

  /** Boots a version without it, until its leader has dealt with ticks of another one. */
  const bootWithout = async (isolation: Isolation) => {
    let count = 0;
    const other = ticking(() => (count += 1), every, { id: 'other', name: 'other' });
    const app = await boot(other, isolation);
    await expect.poll(() => count, SOON).toBeGreaterThan(2);
    return app;
  };

  it.each([150, 60_000])('has no run by it, with a misfire threshold of %i ms', async (ms) => {
    const { isolation, runs } = await outdated({ misfireThreshold: ms });
    const before = await runs();
    const { jobs } = await bootWithout(isolation);
    expect(await runs()).toEqual(before);
    expect(await jobs.recurring.get('mine')).toBeUndefined();
  });

  it.each(['fire-once', 'skip', 'fire-all'] as const)(
    'has its missed ticks treated by the policy %s once a version has it again',
    async (misfire) => {
      const options = { misfire, misfireThreshold: 150, misfireLimit: 5 };
      const { Service, ticks, isolation } = await outdated(options);
      const without = await bootWithout(isolation);
      const old = ticks.length;
      const { jobs } = await boot(Service, isolation);
      const misfires = async () => (await jobs.recurring.get('mine'))!.misfires;
      await expect.poll(misfires, SOON).toBeGreaterThanOrEqual(9);
      await expect.poll(() => ticks.slice(old).some(({ isLate }) => !isLate), SOON).toBe(true);
      const late = ticks.slice(old).filter(({ isLate }) => isLate);
      if (misfire === 'skip') expect(late).toEqual([]);
      if (misfire === 'fire-once') expect(late[0]!.missed).toBeGreaterThanOrEqual(9);
      if (misfire === 'fire-all') expect(late.length).toBeGreaterThanOrEqual(5);
      await without.close();
    },
  );
});

describeEngines('a recurring job whose calendar one version knows', (engine) => {
  it('has its ticks while the other one lives, and has led before', async () => {
    const plain = version(() => undefined, { name: 'plain' });
    const first = await createJobsApp(engine, { providers: [plain] });
    let runs = 0;
    const options = { id: 'mine', name: 'mine', calendars: ['holidays'] };
    const { jobs } = await createJobsApp(engine, {
      providers: [ticking(() => (runs += 1), 500, options)],
      options: { calendars: { holidays: Calendar.dates(['2001-01-01']) } },
      isolation: first.isolation,
    });
    await expect.poll(() => runs, { timeout: 15_000 }).toBeGreaterThan(2);
    expect(await jobs.recurring.get('mine')).toMatchObject({ state: 'active', misfires: 0 });
  }, 30_000);
});

describeEngines('a handler that is moved to another queue', (engine) => {
  const boot = (type: Type, isolation?: Isolation) =>
    createJobsApp(engine, { providers: [type], ...(isolation && { isolation }) });

  it('has one job of a unique key while jobs are in the old queue', async () => {
    const gate = signal();
    let runs = 0;
    const run = async () => {
      runs += 1;
      await gate.promise;
    };
    const options = { name: 'moved', unique: { key: (key: string) => key } };
    const older = version(run, { ...options, queue: 'old-queue' });
    const newer = version(run, { ...options, queue: 'new-queue' });
    const one = await boot(older);
    const other = await boot(newer, one.isolation);
    const first = await one.jobs.enqueue(older, (s) => s.run('k'));
    const second = await other.jobs.enqueue(newer, (s) => s.run('k'));
    expect(second).toMatchObject({ id: first.id, queue: 'old-queue' });
    const third = await other.jobs.enqueue(newer, (s) => s.run('other'));
    expect(third.queue).toBe('new-queue');
    const fourth = await one.jobs.enqueue(older, (s) => s.run('other'));
    expect(fourth).toMatchObject({ id: third.id, queue: 'new-queue' });
    gate.resolve();
    await Promise.all([first, third].map((handle) => handle.result({ timeout: 15_000 })));
    const fifth = await other.jobs.enqueue(newer, (s) => s.run('k'));
    expect(fifth.queue).toBe('new-queue');
    await fifth.result({ timeout: 15_000 });
    expect(runs).toBe(3);
  }, 40_000);
});
