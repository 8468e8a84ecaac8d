import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planTicks, type DueTick } from './misfire-and-overlap.js';
import { goOn } from './search.js';
import type { TickProgress } from './tick-progress.js';
import type { TickSource } from './tick-series.js';
import { TIMING_DEFAULTS, type Timing } from './timing.js';

/** The plan, without a pause. */
function planAtOnce(...input: Parameters<typeof planTicks>) {
  return goOn(planTicks(...input), Infinity)!.found;
}

const SECOND = 1_000;
const MINUTE = 60_000;
const ROUNDS = 40;

/** Chooses a whole number below another one. */
type Random = (below: number) => number;

/** Ticks at random distances. */
function anySeries(random: Random, longest: number, end: number) {
  const all: number[] = [];
  for (let time = 1 + random(longest); time < end; time += 1 + random(longest)) all.push(time);
  const source: TickSource = { next: (after) => all[firstAfter(all, after)] };
  return { all, source };
}

function firstAfter(sorted: readonly number[], after: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

interface Outage {
  readonly from: number;
  readonly to: number;
}

/** What happens to a fleet in some hours. */
interface World {
  readonly lastTick: number;
  /** Longest distance between two ticks. */
  readonly distance: number;
  readonly longestRun: number;
  readonly outages: readonly Outage[];
  /**
   * All else that is left to chance, over and over: the ticks, how long each run takes, when
   * somebody looks.
   */
  readonly chances: readonly number[];
}

const anyOutage = fc.record({
  /** Since the one before, as a part of a quarter of all the time. */
  after: fc.nat(999).map((part) => part / 1_000),
  // A failover, a restart, a night.
  ms: fc.oneof(fc.nat(3 * SECOND), fc.nat(50 * SECOND), fc.nat(20 * MINUTE)),
});

/** A prime, so that they meet each question in turn. */
const CHANCES = 1_009;

const anyWorld: fc.Arbitrary<World> = fc
  .record({
    lastTick: fc.integer({ min: 20 * MINUTE, max: 80 * MINUTE }),
    distance: fc.constantFrom(2 * SECOND, 15 * SECOND, 5 * MINUTE),
    runLasts: fc.constantFrom(0.1, 1, 10),
    outages: fc.array(anyOutage, { maxLength: 4 }),
    chances: fc.noBias(fc.noShrink(fc.array(fc.nat(), { minLength: CHANCES, maxLength: CHANCES }))),
  })
  .map(({ runLasts, outages, ...world }) => {
    let time = 0;
    const placed = outages.map(({ after, ms }): Outage => {
      const from = time + Math.floor((after * world.lastTick) / 4);
      time = from + ms;
      return { from, to: time };
    });
    return { ...world, longestRun: world.distance * runLasts, outages: placed };
  });

const timingBut = (chosen: Pick<Timing, 'misfire' | 'overlap'>): fc.Arbitrary<Timing> =>
  fc
    .record({
      misfireThresholdMs: fc.constantFrom(SECOND, 10 * SECOND, MINUTE),
      misfireLimit: fc.oneof(fc.constant(1_000_000), fc.integer({ min: 1, max: 10 })),
      limit: fc.option(fc.integer({ min: 1, max: 60 }), { freq: 1, nil: undefined }),
    })
    .map(({ limit, ...timing }) => ({ ...chosen, ...timing, ...(limit && { limit }) }));

interface Run extends DueTick {
  readonly at: number;
  readonly end: number;
}

interface Outcome {
  readonly timing: Timing;
  readonly all: readonly number[];
  readonly runs: readonly Run[];
  readonly progress: TickProgress;
  readonly hadOutage: boolean;
  /** When somebody first looked at a tick. */
  readonly seenAt: (tick: number) => number;
  readonly faults: readonly string[];
}

/** A fleet of one leader and its workers over some hours, in simulated time. */
function simulate(timing: Timing, world: World): Outcome {
  const { lastTick, distance, longestRun, outages, chances } = world;
  let drawn = 0;
  const random: Random = (below) =>
    chances[(drawn += 1) % CHANCES]! % Math.max(Math.floor(below), 1);
  // Time enough for all that waits, at the end.
  const end = lastTick + 4_000 * MINUTE;
  const { all, source } = anySeries(random, distance, lastTick);
  const looks: number[] = [];
  const runs: Run[] = [];
  const faults: string[] = [];
  let progress: TickProgress = { cursor: 0, runs: 0, misfires: 0, skips: 0 };

  const isDown = (time: number) => outages.find(({ from, to }) => time >= from && time < to);
  const finish = (start: number) => {
    const planned = start + random(longestRun);
    // Of the runs that an outage interrupts, some go on in a worker that is up, some are repeated
    // after it.
    const outage = outages.find(({ from, to }) => from < planned && to > start);
    return outage !== undefined && random(2) === 0 ? outage.to + random(longestRun) : planned;
  };

  for (let now = 0; now < end;) {
    const outage = isDown(now);
    if (outage !== undefined) {
      now = outage.to;
      continue;
    }
    looks.push(now);
    const isFinished = timing.overlap === 'allow' || (runs.at(-1)?.end ?? 0) <= now;
    const plan = planAtOnce(timing, source, progress, { isFinished }, now);
    if (plan !== undefined) {
      faults.push(...faultsOf(all, progress, plan, now));
      if (!isFinished && plan.ticks.length > 0) faults.push(`${now}: a run beside another one`);
      if (timing.overlap !== 'allow' && plan.ticks.length > 1) faults.push(`${now}: two runs`);
      runs.push(...plan.ticks.map((tick) => ({ ...tick, at: now, end: finish(now) })));
      progress = plan.progress;
    }
    const next = source.next(progress.cursor);
    if (next === undefined || progress.runs >= (timing.limit ?? Infinity)) break;
    // At once when a tick comes, within a second or so while one waits; a plan is followed by
    // another look.
    const pause = plan === undefined ? 500 + random(600) : random(20);
    now = Math.max(now + pause, Math.min(next + random(5), end));
  }
  const seenAt = (tick: number) => looks[firstAfter(looks, tick - 1)] ?? Infinity;
  return { timing, all, runs, progress, hadOutage: outages.length > 0, seenAt, faults };
}

/** Whether a plan accounts once for each tick that it passes. */
function faultsOf(
  all: readonly number[],
  before: TickProgress,
  { ticks, progress: after }: { ticks: readonly DueTick[]; progress: TickProgress },
  now: number,
): string[] {
  const faults: string[] = [];
  const passed = all.slice(firstAfter(all, before.cursor), firstAfter(all, after.cursor));
  const skipped = after.skips - before.skips;
  const missed = after.misfires - before.misfires;
  const inTime = ticks.filter((tick) => tick.missed === undefined).length;
  const missedOfRuns = ticks.reduce((sum, tick) => sum + (tick.missed ?? 0), 0);
  if (after.cursor < before.cursor) faults.push(`${now}: the cursor goes back`);
  if (after.cursor > now) faults.push(`${now}: the cursor is ahead of time`);
  if (skipped < 0 || missed < missedOfRuns) faults.push(`${now}: a counter goes back`);
  if (after.runs - before.runs !== ticks.length) faults.push(`${now}: runs are miscounted`);
  if (passed.length !== inTime + skipped + missed) {
    faults.push(
      `${now}: ${passed.length} passed, ${inTime} run, ${skipped} skipped, ${missed} missed`,
    );
  }
  if (ticks.some(({ due }) => !passed.includes(due))) faults.push(`${now}: a run of no tick`);
  return faults;
}

/** What must be true of everything that happened. */
function judge({ timing, all, runs, progress, hadOutage, seenAt, faults }: Outcome): string[] {
  const { overlap, misfire, misfireThresholdMs, misfireLimit } = { ...TIMING_DEFAULTS, ...timing };
  const found = [...faults];
  const check = (isRight: boolean, fault: string) => {
    if (!isRight) found.push(fault);
  };
  const dues = runs.map(({ due }) => due);
  const isEnded = progress.runs === timing.limit;
  check(
    dues.every((due, n) => n === 0 || due > dues[n - 1]!),
    'runs out of order, or twice',
  );
  check(progress.runs === runs.length && runs.length <= (timing.limit ?? Infinity), 'runs');
  check(isEnded || progress.cursor === (all.at(-1) ?? 0), 'ticks are left');
  check(overlap === 'skip' || progress.skips === 0, `${progress.skips} skips`);
  check(hadOutage || progress.misfires === 0, `${progress.misfires} misfires without an outage`);

  // From here on it is late enough to count, whatever pauses are taken for none.
  const gap = Math.max(misfireThresholdMs, 5 * SECOND);
  const isUnseen = (tick: number) => seenAt(tick) - tick > gap;
  const wrong = runs.filter(({ due, missed }) => missed === undefined && isUnseen(due));
  check(
    wrong.length === 0,
    `missed ticks run as in time: ${wrong.map(({ due }) => due).join(' ')}`,
  );
  check(
    misfire !== 'skip' || runs.every(({ missed }) => missed === undefined),
    'missed ticks run with "skip"',
  );
  const missedOnes = runs.filter(({ missed }) => missed !== undefined).length;
  if (misfire === 'fire-all' && misfireLimit > all.length) {
    const dealtWith = all.filter((tick) => tick <= progress.cursor);
    const lost = dealtWith.filter((tick) => isUnseen(tick) && !dues.includes(tick));
    check(lost.length === 0, `lost: ${lost.slice(0, 5).join(' ')}`);
    check(progress.misfires === missedOnes, 'missed ticks were dropped below the limit');
  }
  if (overlap !== 'skip' && !hadOutage && !isEnded) {
    check(dues.length === all.length, `${all.length - dues.length} ticks had no run`);
  }
  return found;
}

describe('whatever happens', () => {
  const policies = (['fire-once', 'skip', 'fire-all'] as const).flatMap((misfire) =>
    (['skip', 'queue', 'allow'] as const).map((overlap) => [misfire, overlap] as const),
  );

  it.each(policies)(
    'with misfire %s and overlap %s each tick is run, skipped or missed, once and in order',
    (misfire, overlap) => {
      const property = fc.property(timingBut({ misfire, overlap }), anyWorld, (timing, world) => {
        expect(judge(simulate(timing, world))).toEqual([]);
      });
      fc.assert(property, { seed: 20_261_126, numRuns: ROUNDS });
    },
  );
});
