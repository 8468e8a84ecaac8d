/**
 * How far the ticks of a recurring job have been dealt with. All times are Unix milliseconds.
 * @internal
 */
export interface TickProgress {
  /** Every tick up to this moment was run, skipped, or missed. */
  readonly cursor: number;
  /** How many runs there were. */
  readonly runs: number;
  /** How many ticks were not run in time. */
  readonly misfires: number;
  /** How many ticks were left out because an earlier run had not finished. */
  readonly skips: number;
  /**
   * Ticks up to this moment were missed: those that are left are for the misfire policy, in their
   * turn.
   */
  readonly catchUpUntil?: number;
  /** Ticks up to this moment that are left were seen in time, and wait for an earlier run. */
  readonly seenUntil?: number;
}

/** So far ahead a moment that has been dealt with may lie, since no two clocks agree, in ms. */
const MOST_AHEAD_MS = 2_000;

/**
 * The progress to go on with at a moment. When ticks were dealt with up to one that has yet to
 * come, the clock was set back: what was found out under the other clock is of no use, and ticks
 * are planned from now on.
 *
 * @returns the same object when that is not so
 * @internal
 */
export function progressAt(progress: TickProgress, now: number): TickProgress {
  if (progress.cursor <= now + MOST_AHEAD_MS) return progress;
  const { catchUpUntil: _, seenUntil: __, ...counted } = progress;
  return { ...counted, cursor: now };
}
