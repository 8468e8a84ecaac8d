import { isNews, lookAtDue, type DueTicks, type FullTiming } from './due-ticks.js';
import type { TickProgress } from './tick-progress.js';
import { countTicks, lastTick, oldestTicks } from './tick-search.js';
import type { Search } from './search.js';
import { emptyUntil, tickIn, type TickSource } from './tick-series.js';
import { TIMING_DEFAULTS, type Timing } from './timing.js';

/** A tick that is to be run now. @internal */
export interface DueTick {
  readonly due: number;
  /** How many missed ticks it stands for; absent for one in time. */
  readonly missed?: number;
  /**
   * The first of those, where there are several. It names the run: who plans it again later finds
   * more of them.
   */
  readonly first?: number;
}

/** What is to be done at a moment. @internal */
export interface TickPlan {
  readonly ticks: readonly DueTick[];
  readonly progress: TickProgress;
}

/** What is known of the run before. @internal */
export interface RunBefore {
  readonly isFinished: boolean;
}

/** That there was no tick for so long is worth a write to the store. */
const WORTH_STORING_MS = 3_600_000;

/** So many ticks are run in one go; the rest follows in the next. */
const MOST_AT_ONCE = 1_000;

/**
 * Decides what becomes of the ticks that are due, after Quartz: a first tick that was missed makes
 * a misfire of all that are due by then. Missed ticks are for the misfire policy, the others for
 * the overlap policy; both keep the order of ticks. Pure: the same input has the same plan. It can
 * be paused.
 *
 * @returns undefined when there is nothing to do yet
 * @internal
 */
export function* planTicks(
  timing: Timing,
  source: TickSource,
  progress: TickProgress,
  before: RunBefore,
  now: number,
): Search<TickPlan | undefined> {
  const settings = { ...TIMING_DEFAULTS, ...timing };
  const left = (timing.limit ?? Infinity) - progress.runs;
  if (left <= 0) return undefined;
  const oldest = yield* tickIn(source, progress.cursor, now);
  if (oldest === undefined) return passOver(source, progress, now);

  const due = yield* lookAtDue(settings, source, progress, oldest, now);
  if (mustWait(settings, due, before)) {
    const isWorthIt = isNews(settings, progress, due.progress);
    return isWorthIt ? { ticks: [], progress: due.progress } : undefined;
  }
  const plan = yield* planDue(settings, source, due, before, now, left);
  return yield* tidy(source, plan, now);
}

/** When calendars have excluded all for long enough, nobody needs to search that again. */
function passOver(source: TickSource, progress: TickProgress, now: number): TickPlan | undefined {
  const { catchUpUntil: _, seenUntil: __, ...rest } = progress;
  const cursor = Math.min(emptyUntil(source, progress.cursor), now);
  if (cursor - progress.cursor < WORTH_STORING_MS) return undefined;
  return { ticks: [], progress: { ...rest, cursor } };
}

/** Whether ticks keep their turn until the run before has finished. */
function mustWait(
  { misfire, overlap }: FullTiming,
  { areMissed }: DueTicks,
  before: RunBefore,
): boolean {
  if (overlap === 'allow' || before.isFinished) return false;
  // Missed ticks that are to be run wait with `skip` as well: they would have had their time.
  return areMissed ? misfire !== 'skip' : overlap === 'queue';
}

function* planDue(
  { misfire, misfireThresholdMs, overlap }: FullTiming,
  source: TickSource,
  due: DueTicks,
  before: RunBefore,
  now: number,
  left: number,
): Search<TickPlan> {
  const mostAtOnce = overlap === 'allow' ? Math.min(MOST_AT_ONCE, left) : 1;
  if (due.areMissed) {
    if (misfire === 'skip') return yield* miss(source, due);
    if (misfire === 'fire-once') return yield* runOnceForAll(source, due);
    return yield* run(source, due, mostAtOnce);
  }
  if (overlap !== 'skip') return yield* run(source, due, mostAtOnce);
  if (!before.isFinished) return yield* skip(source, due);
  return yield* runOneAndSkip(source, due, now - misfireThresholdMs);
}

/** When no tick is left that is due, nothing is known of any. */
function* tidy(source: TickSource, plan: TickPlan, now: number): Search<TickPlan> {
  const { catchUpUntil: _, seenUntil: __, ...progress } = plan.progress;
  const next = yield* tickIn(source, progress.cursor, now);
  return next === undefined ? { ticks: plan.ticks, progress } : plan;
}

/** Runs the oldest ones. */
function* run(
  source: TickSource,
  { progress, until, areMissed }: DueTicks,
  most: number,
): Search<TickPlan> {
  const ticks = yield* oldestTicks(source, progress.cursor, until, most);
  return {
    ticks: ticks.map((due) => (areMissed ? { due, missed: 1 } : { due })),
    progress: {
      ...progress,
      cursor: ticks.at(-1) ?? progress.cursor,
      runs: progress.runs + ticks.length,
      misfires: progress.misfires + (areMissed ? ticks.length : 0),
    },
  };
}

/** One run for all, as of the last. */
function* runOnceForAll(source: TickSource, due: DueTicks): Search<TickPlan> {
  const { progress } = yield* miss(source, due);
  const missed = progress.misfires - due.progress.misfires;
  const first = yield* tickIn(source, due.progress.cursor, progress.cursor);
  return {
    ticks: [{ due: progress.cursor, missed, first: first ?? progress.cursor }],
    progress: { ...progress, runs: progress.runs + 1 },
  };
}

/**
 * Runs one, which the others that are due would find running. Those that are later than the
 * threshold waited behind missed ones: they came due while these ran.
 */
function* runOneAndSkip(source: TickSource, due: DueTicks, notBefore: number): Search<TickPlan> {
  const waited = yield* skip(source, { ...due, until: Math.min(due.until, notBefore - 1) });
  const { ticks, progress } = yield* run(source, { ...due, progress: waited.progress }, 1);
  return { ticks, progress: (yield* skip(source, { ...due, progress })).progress };
}

function* skip(source: TickSource, { progress, until }: DueTicks): Search<TickPlan> {
  const { cursor, count } = yield* pass(source, progress, until);
  return { ticks: [], progress: { ...progress, cursor, skips: progress.skips + count } };
}

function* miss(source: TickSource, { progress, until }: DueTicks): Search<TickPlan> {
  const { cursor, count } = yield* pass(source, progress, until);
  return { ticks: [], progress: { ...progress, cursor, misfires: progress.misfires + count } };
}

/** All ticks up to a moment: how many there are, and the last of them. */
function* pass(
  source: TickSource,
  { cursor }: TickProgress,
  until: number,
): Search<{ cursor: number; count: number }> {
  const last = (yield* lastTick(source, cursor, until)) ?? cursor;
  return { cursor: last, count: yield* countTicks(source, cursor, last) };
}
