/** How far the ticks of a recurring job have been dealt with. All times are Unix milliseconds. @internal */
export interface TickProgress {
  /** Every tick up to this moment was run, skipped, or missed. */
  readonly cursor: number;
  /** How many runs there were. */
  readonly runs: number;
  /** How many ticks were not run in time. */
  readonly misfires: number;
  /** How many ticks were left out because an earlier run had not finished. */
  readonly skips: number;
  /** Ticks up to this moment were missed: those that are left are for the misfire policy, in their turn. */
  readonly catchUpUntil?: number;
  /** Ticks up to this moment that are left were seen in time, and wait for an earlier run. */
  readonly seenUntil?: number;
}
