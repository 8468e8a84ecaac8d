import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RecurringRun, StoredTick } from '../contracts/index.js';
import type { TimeoutRegistry } from '../discovery/index.js';
import type { JobLogger } from '../logging/index.js';
import { createTickSource, type TickSource, type Timing } from '../timing/ticks/index.js';
import { ProcessRecurrence } from './process-recurrence.js';
import { readNativesAgain } from '../timers/index.js';

const START = Date.UTC(2026, 0, 1);
const SECOND = 1_000;
const DAY = 86_400_000;

/** A registry as that of @nestjs/schedule. */
class Timeouts implements TimeoutRegistry {
  readonly all = new Map<string, NodeJS.Timeout>();
  added = 0;

  doesExist(_type: 'timeout', name: string): boolean {
    return this.all.has(name);
  }

  getTimeout(name: string): unknown {
    return this.all.get(name);
  }

  addTimeout(name: string, timer: NodeJS.Timeout): void {
    expect(this.all.has(name)).toBe(false);
    this.added += 1;
    this.all.set(name, timer);
  }

  deleteTimeout(name: string): void {
    clearTimeout(this.all.get(name));
    this.all.delete(name);
  }
}

describe('a recurrence of a process', () => {
  let registry: Timeouts;
  let ticks: { tick: StoredTick; at: number; previous: RecurringRun | undefined }[];
  let log: { level: string; line: string }[];
  let end: (() => void)[];
  let recurrence: ProcessRecurrence;

  beforeEach(() => {
    vi.useFakeTimers({ now: START });
    readNativesAgain();
    registry = new Timeouts();
    [ticks, log, end] = [[], [], []];
  });
  afterEach(() => {
    recurrence.stop();
    expect(registry.all.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    vi.restoreAllMocks();
    vi.useRealTimers();
    readNativesAgain();
  });

  /** Starts one whose runs end at once, unless they are `long`: those end by `end`. */
  function start(
    timing: Timing,
    { long = false, source }: { long?: boolean; source?: TickSource } = {},
  ) {
    const origin = { id: 'r', definedAt: START, calendars: new Map() };
    const logger = Object.fromEntries(
      ['info', 'warn', 'error'].map((level) => [
        level,
        (line: string) => log.push({ level, line }),
      ]),
    ) as unknown as JobLogger;
    const run = async (tick: StoredTick, previous: RecurringRun | undefined) => {
      ticks.push({ tick, at: Date.now() - START, previous });
      if (long) await new Promise<void>((resolve) => end.push(resolve));
      const due = new Date(tick.due);
      const jobId = `r@${tick.due}`;
      return { jobId, due, state: 'completed' as const, finishedAt: new Date(), durationMs: 0 };
    };
    const ticksOf = source ?? createTickSource(timing, origin);
    recurrence = new ProcessRecurrence(
      { id: 'r', timing, source: ticksOf, registry, logger, run },
      START,
    );
    recurrence.start();
  }
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  /** The event loop was blocked, or the machine slept: time went by, and no timer. */
  const sleep = (ms: number) => vi.setSystemTime(Date.now() + ms);
  const dues = () => ticks.map(({ tick }) => (tick.due - START) / SECOND);
  const everySecond = { everyMs: SECOND };

  it('runs each tick when it is due, and nothing at its start', async () => {
    start(everySecond);
    expect(registry.all.has('r')).toBe(true);
    await pass(3_500);
    expect(ticks.map(({ at }) => at)).toEqual([1_000, 2_000, 3_000]);
    expect(ticks[2]!.tick).toEqual({ recurring: 'r', due: START + 3_000 });
    expect(ticks[0]!.previous).toBeUndefined();
    expect(ticks[2]!.previous).toMatchObject({ jobId: `r@${START + 2_000}`, state: 'completed' });
    expect(log).toEqual([]);
  });

  it('waits for ticks that are further away than a timer can be', async () => {
    start({ cron: '0 0 27 1 *' });
    await pass(25 * DAY);
    expect(ticks).toEqual([]);
    await pass(DAY);
    expect(ticks.map(({ at }) => at)).toEqual([26 * DAY]);
  });

  it('ends after its limit, or its end', async () => {
    start({ ...everySecond, limit: 2 });
    await pass(5_000);
    expect(dues()).toEqual([1, 2]);
    expect(registry.all.size).toBe(0);
    ticks = [];
    start({ ...everySecond, startAt: START + 8_000, endAt: START + 9_000 });
    await pass(9_000);
    expect(dues()).toEqual([8, 9]);
    expect(registry.all.size).toBe(0);
  });

  it('ends when its timeout is deleted', async () => {
    start(everySecond);
    await pass(1_500);
    registry.deleteTimeout('r');
    await pass(5_000);
    expect(dues()).toEqual([1]);
  });

  it('ends when its timeout is deleted by its own run, and leaves another of that name alone', async () => {
    start(everySecond, { long: true });
    await pass(1_500);
    registry.deleteTimeout('r');
    const other = setTimeout(() => undefined, DAY);
    registry.addTimeout('r', other);
    end.shift()!();
    await pass(5_000);
    expect(dues()).toEqual([1]);
    expect(log).toEqual([{ level: 'info', line: expect.stringContaining('was deleted') }]);
    recurrence.stop();
    expect(registry.getTimeout('r')).toBe(other);
    registry.deleteTimeout('r');
  });

  it('skips a tick while a run goes on', async () => {
    start(everySecond, { long: true });
    await pass(3_500);
    expect(dues()).toEqual([1]);
    end.shift()!();
    await pass(1_000);
    expect(dues()).toEqual([1, 4]);
    // Once a minute at the most: each second may have one.
    expect(log).toHaveLength(1);
    expect(log[0]!.line).toContain('1 tick skipped');
  });

  it('lets ticks wait for their turn with overlap "queue"', async () => {
    start({ ...everySecond, overlap: 'queue', limit: 4 }, { long: true });
    await pass(10_000);
    expect(dues()).toEqual([1]);
    expect(registry.all.size).toBe(1);
    for (const count of [2, 3, 4]) {
      end.shift()!();
      await pass(0);
      expect(ticks).toHaveLength(count);
    }
    expect(dues()).toEqual([1, 2, 3, 4]);
    expect(log).toEqual([]);
    expect(registry.all.size).toBe(0);
  });

  it('ends with the ticks that wait, when its timeout is deleted', async () => {
    start({ ...everySecond, overlap: 'queue' }, { long: true });
    await pass(3_500);
    registry.deleteTimeout('r');
    end.shift()!();
    await pass(5_000);
    expect(dues()).toEqual([1]);
  });

  it('runs both with overlap "allow"', async () => {
    start({ ...everySecond, overlap: 'allow' }, { long: true });
    await pass(3_000);
    expect(dues()).toEqual([1, 2, 3]);
    // The latest of those that have ended.
    end.pop()!();
    end.shift()!();
    await pass(1_000);
    expect(ticks[3]!.previous!.jobId).toBe(`r@${START + 3_000}`);
  });

  it.each([
    ['fire-once', [[10, 10], [11]]],
    ['skip', [[11]]],
    ['fire-all', [[8, 1], [9, 1], [10, 1], [11]]],
  ] as const)('treats what was missed by the policy %s', async (misfire, expected) => {
    start({ ...everySecond, misfire, misfireThresholdMs: 2_000, misfireLimit: 3 });
    sleep(9_500);
    await pass(1_000);
    await pass(500);
    const seen = ticks.map(({ tick }) => [
      (tick.due - START) / SECOND,
      ...(tick.missed === undefined ? [] : [tick.missed]),
    ]);
    expect(seen).toEqual(expected);
    expect(log[0]!.line).toMatch(new RegExp(`missed \\d+ ticks; policy ${misfire}`));
  });

  it('runs a tick that is merely late', async () => {
    start({ ...everySecond, misfireThresholdMs: 5_000 });
    sleep(500);
    await pass(1_000);
    expect(ticks.map(({ tick, at }) => [tick.due - START, tick.missed, at])).toEqual([
      [1_000, undefined, 1_500],
    ]);
    expect(log).toEqual([]);
  });

  it('finds out within half a minute that the machine slept', async () => {
    start({ cron: '0 12 * * *' });
    sleep(13 * 3_600_000);
    await pass(30_000);
    expect(ticks.map(({ tick }) => tick)).toEqual([
      { recurring: 'r', due: START + DAY / 2, missed: 1 },
    ]);
  });

  it('runs no tick twice when the clock is set back', async () => {
    start(everySecond);
    await pass(2_000);
    sleep(-2_000);
    await pass(3_000);
    expect(dues()).toEqual([1, 2, 3]);
  });

  it('goes on within half a minute when the clock was a year ahead for a while', async () => {
    start({ cron: '* * * * * *' });
    sleep(365 * DAY);
    await pass(2_000);
    sleep(-365 * DAY);
    const before = ticks.length;
    await pass(33_000);
    expect(ticks.length - before).toBeGreaterThanOrEqual(2);
    expect(ticks.at(-1)!.tick.due).toBeLessThan(START + DAY);
  });

  it('puts runs off by up to the jitter, as a part of the run', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5);
    start({ ...everySecond, jitterMs: 3_000 });
    await pass(2_400);
    expect(ticks).toEqual([]);
    await pass(600);
    expect(ticks.map(({ tick, at }) => [tick.due - START, at])).toEqual([[1_000, 2_500]]);
    // The second tick was skipped; the third is put off.
    await pass(1_000);
    registry.deleteTimeout('r');
    await pass(5_000);
    expect(ticks).toHaveLength(1);
  });

  it('starts nothing after it was stopped', async () => {
    start({ ...everySecond, jitterMs: 10_000, overlap: 'queue' }, { long: true });
    await pass(20_000);
    const { length } = ticks;
    recurrence.stop();
    for (const finish of end) finish();
    await pass(20_000);
    expect(ticks).toHaveLength(length);
    expect(log).toEqual([]);
  });

  it('goes on after a calendar has thrown', async () => {
    const source = createTickSource(everySecond, {
      id: 'r',
      definedAt: START,
      calendars: new Map(),
    });
    let broken = false;
    const next = (after: number) => {
      if (broken) throw new Error('no holidays');
      return source.next(after);
    };
    start({ ...everySecond, misfire: 'skip', misfireThresholdMs: 1_500 }, { source: { next } });
    await pass(1_000);
    broken = true;
    await pass(20_000);
    broken = false;
    await pass(20_000);
    expect(dues().slice(0, 2)).toEqual([1, 33]);
    expect(log[0]).toEqual({ level: 'error', line: expect.stringContaining('no holidays') });
  });
});
