import type { Search } from './search.js';
import type { TickProgress } from './tick-progress.js';
import { countTicks, newestTicks } from './tick-search.js';
import type { TickSource } from './tick-series.js';
import type { Timing, TIMING_DEFAULTS } from './timing.js';

/** A timing with what it leaves out. @internal */
export type FullTiming = Timing & Required<Pick<Timing, keyof typeof TIMING_DEFAULTS>>;

/** The oldest ticks that are due, as far as they have one fate. @internal */
export interface DueTicks {
  /**
   * Whether nobody was there to run them in time; else they are in time, a little late, or had to
   * wait.
   */
  readonly areMissed: boolean;
  /** Ticks up to this moment are among them, Unix ms. */
  readonly until: number;
  /** With what was found out about them. */
  readonly progress: TickProgress;
}

/**
 * Waiting ticks are looked at each second; a failover, or a store that is away for a moment, takes
 * longer.
 */
const SHORTEST_GAP_MS = 5_000;

/**
 * Tells ticks that were missed from those that wait, which are late as well.
 *
 * A tick is missed when somebody first looks at it later than the threshold after it was due. One
 * that was seen in time may become as late as it likes: it waits for an earlier run, and someone
 * saw to it all the while. That has to be remembered in the store, since whoever comes after a
 * crash finds both kinds in one row: first those that were waiting, then those that came due while
 * nobody was there, and then new ones.
 *
 * @param oldest the first tick after the cursor; it is due
 * @internal
 */
export function* lookAtDue(
  timing: FullTiming,
  source: TickSource,
  progress: TickProgress,
  oldest: number,
  now: number,
): Search<DueTicks> {
  const { catchUpUntil = -Infinity, seenUntil = -Infinity } = progress;
  const isWatched = now - seenUntil <= longestGap(timing);
  if (oldest <= catchUpUntil) {
    const seen = isWatched ? { ...progress, seenUntil: now } : progress;
    return { areMissed: true, until: catchUpUntil, progress: seen };
  }
  if (oldest > seenUntil && now - oldest > timing.misfireThresholdMs) {
    const missed = {
      ...(yield* trimmed(timing, source, progress, now)),
      catchUpUntil: now,
      seenUntil: now,
    };
    return { areMissed: true, until: now, progress: missed };
  }
  // What is behind those that were waiting when the watch ended is looked at when they are done
  // with.
  if (oldest <= seenUntil && !isWatched) return { areMissed: false, until: seenUntil, progress };
  return { areMissed: false, until: now, progress: { ...progress, seenUntil: now } };
}

/** Whether what was found out is worth a write to the store, while nothing is run. @internal */
export function isNews(timing: FullTiming, before: TickProgress, after: TickProgress): boolean {
  const { seenUntil = -Infinity } = before;
  const isSeenLater = (after.seenUntil ?? -Infinity) - seenUntil >= longestGap(timing) / 2;
  return isSeenLater || after.catchUpUntil !== before.catchUpUntil;
}

function longestGap({ misfireThresholdMs }: FullTiming): number {
  return Math.max(misfireThresholdMs, SHORTEST_GAP_MS);
}

/** With `fire-all`, the oldest of very many missed ticks are given up at once. */
function* trimmed(
  { misfire, misfireLimit }: FullTiming,
  source: TickSource,
  progress: TickProgress,
  now: number,
): Search<TickProgress> {
  if (misfire !== 'fire-all') return progress;
  const [first = now] = yield* newestTicks(source, progress.cursor, now, misfireLimit);
  const dropped = yield* countTicks(source, progress.cursor, first - 1);
  if (dropped === 0) return progress;
  return { ...progress, cursor: first - 1, misfires: progress.misfires + dropped };
}
