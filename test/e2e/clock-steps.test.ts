import { setTimeout as delay } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Job, JobContext, Recurring } from 'nestjs-jobs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { describeEngine, engineNamed } from '../support/engines.js';
import { createJobsApp } from '../support/jobs-app.js';

const YEAR_MS = 365 * 24 * 3_600_000;

@Injectable()
class Ticking {
  readonly ticks: number[] = [];
  seconds = 0;
  runs = 0;

  constructor(private readonly context: JobContext) {}

  @Recurring({ every: 200 }, { id: 'often' })
  often(): void {
    this.ticks.push(this.context.tick!.due.getTime());
  }

  @Job()
  each(): void {
    this.seconds += 1;
  }

  @Job()
  async long(): Promise<string> {
    this.runs += 1;
    await delay(2_500);
    return 'done';
  }
}

/** Where the clock of the machine is the store's: it may be set while jobs run. */
describeEngine(engineNamed('sqlite'), 'a wall clock that is set', (engine) => {
  const realNow = Date.now.bind(Date);
  let shiftMs = 0;

  beforeEach(() => {
    shiftMs = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => realNow() + shiftMs);
  });
  afterEach(() => void vi.restoreAllMocks());

  const boot = async () => {
    const options = { lock: { duration: 1_000, sweep: 250 } };
    const app = await createJobsApp(engine, { providers: [Ticking], options });
    const ticking = app.module.get(Ticking);
    const { ticks } = ticking;
    const more = (count: number, timeout = 6_000) => {
      const before = ticks.length;
      return expect.poll(() => ticks.length - before, { timeout }).toBeGreaterThanOrEqual(count);
    };
    return { ...app, ticking, more };
  };

  it('a year ahead for a while, and back, keeps recurring jobs from no tick of then', async () => {
    const { jobs, more } = await boot();
    await more(2);
    shiftMs = YEAR_MS;
    await more(2);
    shiftMs = 0;
    await more(5);
    const often = await jobs.recurring.get('often');
    expect(often!.next[0]!.getTime() - Date.now()).toBeLessThan(2_000);
  });

  it('back by seconds, and another timing: ticks that are counted run', async () => {
    const { jobs, ticking } = await boot();
    await jobs.recurring.addOrUpdate('seconds', Ticking, (s) => s.each(), '* * * * * *');
    await expect.poll(() => ticking.seconds, { timeout: 10_000 }).toBeGreaterThanOrEqual(5);
    shiftMs = -4_000;
    await jobs.recurring.reschedule('seconds', '0-59 * * * * *');
    const before = ticking.seconds;
    await expect.poll(() => ticking.seconds - before, { timeout: 3_900 }).toBeGreaterThanOrEqual(2);
    const { runs } = (await jobs.recurring.get('seconds'))!;
    // One may still be on its way.
    expect(Math.abs(runs - (ticking.seconds - before))).toBeLessThanOrEqual(1);
  });

  it('ahead gives up no job whose name no process knows yet', async () => {
    const { jobs, module } = await boot();
    const { id } = await jobs.enqueueByName('Nobody.knows', [], { queue: 'default' });
    const queue = module.get<Queue>('BullQueue_default');
    const stored = async () => {
      const job = (await queue.getJob(id))!;
      return { state: await job.getState(), starts: job.attemptsStarted };
    };
    await expect.poll(stored, { timeout: 5_000 }).toEqual({ state: 'delayed', starts: 1 });
    shiftMs = 3_600_000;
    await expect.poll(async () => (await stored()).starts, { timeout: 5_000 }).toBe(2);
    await expect.poll(stored).toEqual({ state: 'delayed', starts: 2 });
  });

  it('ahead and back costs a running job neither its lock nor a second run', async () => {
    const { jobs, ticking } = await boot();
    const handle = await jobs.enqueue(Ticking, (s) => s.long());
    await expect.poll(() => ticking.runs).toBe(1);
    shiftMs = 20_000;
    await delay(1_200);
    shiftMs = -3_600_000;
    expect(await handle.result()).toBe('done');
    expect(ticking.runs).toBe(1);
  });
});
