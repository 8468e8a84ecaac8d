import { Injectable } from '@nestjs/common';
import {
  Cron,
  InvalidRecurringJobError,
  JobContext,
  JobScheduler,
  Recurring,
  RecurringJobNotFoundError,
  type RecurringTick,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

@Injectable()
class Reports {
  readonly ticks: (RecurringTick & { argument?: string })[] = [];
  release = signal();
  running = 0;
  mostRunning = 0;

  constructor(private readonly context: JobContext) {}

  @Recurring({ every: 100 }, { id: 'often', attempts: 2 })
  often(): number {
    this.ticks.push(this.context.tick!);
    return this.ticks.length;
  }

  @Recurring('0 0 1 1 *', { id: 'yearly', timeZone: 'Asia/Kolkata' })
  yearly(argument?: string): string {
    this.ticks.push({ ...this.context.tick!, argument });
    return `report ${argument}`;
  }

  @Recurring('0 0 2 1 *', { id: 'blocking' })
  async blocking(): Promise<void> {
    this.ticks.push(this.context.tick!);
    this.running += 1;
    this.mostRunning = Math.max(this.running, this.mostRunning);
    await this.release.promise;
    this.running -= 1;
  }

  of(id: string): RecurringTick[] {
    return this.ticks.filter((tick) => tick.recurring === id);
  }
}

describeEngines('recurring jobs', (engine) => {
  const boot = async (options = {}, isolation?: Isolation) => {
    const app = await createJobsApp(engine, {
      providers: [Reports],
      options,
      ...(isolation && { isolation }),
    });
    const { recurring } = app.jobs;
    const reports = app.module.get(Reports);
    /** Waits until so many ticks ran. */
    const ticks = async (id: string, count: number) => {
      await expect
        .poll(() => reports.of(id).length, { timeout: 10_000 })
        .toBeGreaterThanOrEqual(count);
    };
    return { ...app, recurring, reports, ticks };
  };

  it('runs a decorated method once for each tick, and tells it which', async () => {
    const { reports, ticks, recurring } = await boot();
    await ticks('often', 4);
    const all = reports.of('often');
    const [first, , third] = all;
    // On a busy machine a run may take longer than to the next tick, which is skipped then.
    const steps = all.map(({ due }) => (due.getTime() - first!.due.getTime()) / 100);
    expect(steps.every(Number.isInteger)).toBe(true);
    expect(steps).toEqual([...new Set(steps)].toSorted((a, b) => a - b));
    expect(third).toMatchObject({ isLate: false, missed: 0, isManual: false });
    expect(first!.previous).toBeUndefined();
    await expect
      .poll(async () => (await recurring.get('often'))?.lastRun?.state, { timeout: 5_000 })
      .toBe('completed');
    expect((await recurring.get('often'))!.lastRun!.result).toEqual(expect.any(Number));
    expect(reports.of('often').at(-1)!.previous).toMatchObject({ state: 'completed' });
  });

  it('lists what there is, in words, with the next ticks', async () => {
    const { recurring } = await boot();
    const all = await recurring.list();
    expect(all.map(({ id }) => id)).toEqual(['blocking', 'often', 'yearly']);
    expect(all[2]).toMatchObject({
      name: 'Reports.yearly',
      queue: 'default',
      recurrence: '0 0 1 1 *',
      timeZone: 'Asia/Kolkata',
      source: 'decorator',
      state: 'active',
      runs: 0,
      misfires: 0,
      skips: 0,
    });
    expect(all[2]!.description).toMatch(/January/i);
    expect(all[2]!.next).toHaveLength(5);
    expect(all[2]!.next[0]!.toISOString()).toMatch(/-12-31T18:30:00/);
    expect(all[1]).toMatchObject({
      recurrence: 'every 100 ms',
      description: 'Every 100 milliseconds',
    });
    expect(await recurring.get('nobody')).toBeUndefined();
  });

  it('is made, changed and removed at run time', async () => {
    const { recurring, reports, ticks } = await boot();
    const call = (s: Reports) => s.yearly('of 2026');
    await recurring.addOrUpdate('mine', Reports, call, { every: 50 });
    await ticks('mine', 2);
    expect(reports.of('mine')[0]).toMatchObject({ argument: 'of 2026' });
    await recurring.addOrUpdate('mine', Reports, call, Cron.yearly(2, 3));
    expect(await recurring.get('mine')).toMatchObject({
      recurrence: Cron.yearly(2, 3),
      source: 'api',
    });
    await recurring.reschedule('mine', { every: 50 });
    const before = reports.of('mine').length;
    await ticks('mine', before + 2);
    expect(await recurring.remove('mine')).toBe(true);
    expect(await recurring.remove('mine')).toBe(false);
    expect(await recurring.get('mine')).toBeUndefined();
  });

  it('is run at once by trigger(), whatever its state, and its ticks stay', async () => {
    const { recurring, reports } = await boot();
    await recurring.pause('yearly');
    const before = await recurring.get('yearly');
    const job = await recurring.trigger('yearly');
    expect(await job.result()).toBe('report undefined');
    expect(reports.of('yearly')[0]).toMatchObject({ isManual: true, isLate: false });
    const after = await recurring.get('yearly');
    expect(after).toMatchObject({ runs: 0, state: 'paused' });
    expect(after!.next).toEqual(before!.next);
  });

  it('lets ticks pass while it is paused, over a restart too', async () => {
    const first = await boot();
    await first.ticks('often', 1);
    await first.recurring.pause('often');
    // Another one with the same interval shows that time goes by, and that the leader is at work.
    const call = (s: Reports) => s.yearly('witness');
    await first.recurring.addOrUpdate('witness', Reports, call, { every: 100 });
    await first.ticks('witness', 3);
    const { runs } = (await first.recurring.get('often'))!;
    await first.close();
    const second = await boot({}, first.isolation);
    await second.ticks('witness', 3);
    const paused = await second.recurring.get('often');
    expect(paused).toMatchObject({ state: 'paused', next: [], runs });
    expect(second.reports.of('often')).toEqual([]);
    await second.recurring.resume('often');
    await second.ticks('often', 1);
  });

  it.each(['fire-once', 'skip', 'fire-all'] as const)(
    'treats ticks that were missed by the policy %s, when every process was down',
    async (misfire) => {
      const every = 100;
      const settings = { misfire, misfireThreshold: 150, misfireLimit: 5 } as const;
      const first = await boot();
      await first.recurring.pause('often');
      await first.recurring.addOrUpdate('mine', Reports, (s) => s.yearly('x'), { every }, settings);
      await first.ticks('mine', 1);
      await first.close();
      const last = first.reports.of('mine').at(-1)!;
      await new Promise((resolve) => setTimeout(resolve, 10 * every));

      const second = await createJobsApp(engine, {
        providers: [Reports],
        isolation: first.isolation,
      });
      const reports = second.module.get(Reports);
      await expect.poll(() => reports.of('mine').length, { timeout: 10_000 }).toBeGreaterThan(8);
      const count = async () => (await second.jobs.recurring.get('mine'))!.misfires;
      await expect.poll(count, { timeout: 10_000 }).toBeGreaterThanOrEqual(9);
      const misfires = await count();
      const all = reports.of('mine');
      // A busy process may have left runs behind that it had enqueued in time.
      const ticks = all.slice(
        Math.max(
          0,
          all.findIndex(({ isLate }) => isLate),
        ),
      );
      const late = ticks.filter(({ isLate }) => isLate);
      const dues = ticks.map(({ due }) => (due.getTime() - last.due.getTime()) / every);
      if (misfire === 'fire-once') {
        // On a busy machine ticks may be missed later on as well; those of the downtime had one
        // run.
        expect(late[0]).toEqual(ticks[0]);
        expect(late[0]!.missed).toBeGreaterThanOrEqual(9);
        const missed = late.reduce((sum, tick) => sum + tick.missed, 0);
        expect(missed).toBeLessThanOrEqual(misfires);
      }
      if (misfire === 'skip') expect(late).toEqual([]);
      if (misfire === 'fire-all') {
        expect(late.length).toBeGreaterThanOrEqual(5);
        expect(late.every(({ missed }) => missed === 1)).toBe(true);
        expect(ticks.slice(0, late.length)).toEqual(late);
        // The limit leaves the newest five of those that were missed when it began.
        expect(dues[0]).toBeGreaterThan(5);
      }
      // In order, and none twice.
      expect(dues).toEqual([...new Set(dues)].toSorted((a, b) => a - b));
    },
  );

  it('skips a tick while an earlier run goes on', async () => {
    const { recurring, reports, ticks } = await boot();
    await recurring.addOrUpdate('slow', Reports, (s) => s.blocking(), { every: 40 });
    await ticks('slow', 1);
    await expect
      .poll(async () => (await recurring.get('slow'))!.skips, { timeout: 10_000 })
      .toBeGreaterThan(3);
    expect(reports.mostRunning).toBe(1);
    expect((await recurring.get('slow'))!.runs).toBe(1);
    reports.release.resolve();
    await ticks('slow', 3);
  });

  it('lets a tick wait for its turn with overlap "queue", and runs both with "allow"', async () => {
    const { recurring, reports, ticks } = await boot();
    const call = (s: Reports) => s.blocking();
    await recurring.addOrUpdate(
      'queued',
      Reports,
      call,
      { every: 40 },
      { overlap: 'queue', limit: 6 },
    );
    await recurring.addOrUpdate(
      'wide',
      Reports,
      call,
      { every: 40 },
      { overlap: 'allow', limit: 3 },
    );
    await ticks('wide', 3);
    expect(reports.of('queued')).toHaveLength(1);
    reports.release.resolve();
    await ticks('queued', 6);
    const due = reports.of('queued').map((tick) => tick.due.getTime());
    expect(due.map((time) => time - due[0]!)).toEqual([0, 40, 80, 120, 160, 200]);
    await expect
      .poll(async () => (await recurring.get('queued'))!.state, { timeout: 5_000 })
      .toBe('ended');
    expect(await recurring.get('queued')).toMatchObject({
      runs: 6,
      misfires: 0,
      skips: 0,
      next: [],
    });
  });

  it('refuses what cannot be, at the call', async () => {
    const { recurring } = await boot();
    const call = (s: Reports) => s.yearly('x');
    const add = (id: string, recurrence: never, options = {}) =>
      recurring.addOrUpdate(id, Reports, call, recurrence, options);
    await expect(add('a b', '@daily' as never)).rejects.toThrow(InvalidRecurringJobError);
    await expect(add('a', '61 * * * *' as never)).rejects.toThrow(/minute/);
    await expect(add('a', { every: 0 } as never)).rejects.toThrow(/every/);
    await expect(add('a', '@daily' as never, { calendars: ['none'] })).rejects.toThrow(/"none"/);
    await expect(add('a', '@daily' as never, { timeZone: 'Mars/Base' })).rejects.toThrow(/Mars/);
    await expect(add('a', '@daily' as never, { overlapp: 'skip' })).rejects.toThrow(/overlap/);
    const all = await add('a', '61 * * * *' as never, {
      timezone: 'UTC',
      atempts: 2,
      priority: 0,
    }).catch((e: unknown) => e as InvalidRecurringJobError);
    expect(all).toBeInstanceOf(InvalidRecurringJobError);
    expect(all!.problems).toEqual([
      'recurring job "a": unknown option "timezone"; did you mean "timeZone"?',
      'recurring job "a": unknown option "atempts"; did you mean "attempts"?',
      expect.stringMatching(/"priority" expected/),
      expect.stringMatching(/minute/),
    ]);
    await expect(add('a', '@daily' as never, { id: 'mine' })).rejects.toThrow(
      /unknown option "id"/,
    );
    await expect(add('a', '@daily' as never, null as never)).rejects.toThrow(
      /options object, got null/,
    );
    await expect(add('a', '@daily' as never, { timeZone: '+05:30' })).rejects.toThrow(
      /IANA time zone.*got "\+05:30".*no summer time/,
    );
    await expect(recurring.trigger('nobody')).rejects.toThrow(RecurringJobNotFoundError);
    await expect(recurring.pause('nobody')).rejects.toThrow(RecurringJobNotFoundError);
    await expect(recurring.reschedule('nobody', '@daily')).rejects.toThrow(
      RecurringJobNotFoundError,
    );
  });

  it('is there for JobScheduler', async () => {
    const { module, recurring } = await boot();
    expect(module.get(JobScheduler).recurring).toBe(recurring);
  });
});
