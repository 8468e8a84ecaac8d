/**
 * The tick that a run of a recurring job is for, as it is stored with the job.
 * @publicApi
 */
export interface StoredTick {
  /** The id of the recurring job. */
  readonly recurring: string;
  /** When it was due, Unix milliseconds. */
  readonly due: number;
  /**
   * How many missed ticks this run stands for, itself included; absent for a tick that was run in
   * time.
   */
  readonly missed?: number;
  /** Present when the run was asked for by `trigger()`. */
  readonly manual?: true;
  /** Present when other ticks wait for the end of this run. */
  readonly awaited?: true;
}

/**
 * How an earlier run of a recurring job ended.
 * @publicApi
 */
export interface RecurringRun {
  readonly jobId: string;
  /** When its tick was due. */
  readonly due: Date;
  readonly state: 'completed' | 'failed';
  readonly finishedAt: Date;
  readonly durationMs: number;
  /** What the handler returned; absent when that was too large to be kept here (4 KiB). */
  readonly result?: unknown;
  /** The message of the error that it failed with. */
  readonly error?: string;
}

/**
 * The tick that a handler runs for.
 * @publicApi
 */
export interface RecurringTick {
  /** The id of the recurring job. */
  readonly recurring: string;
  /** When this tick was due; for a run by `trigger()`, when that was called. */
  readonly due: Date;
  /** Whether the tick was a misfire: later than its `misfireThreshold`. */
  readonly isLate: boolean;
  /** How many missed ticks this run stands for, itself included; 0 for one in time. */
  readonly missed: number;
  /** Whether the run was asked for by `trigger()`. */
  readonly isManual: boolean;
  /** The run before, if there was one: that with the latest tick. */
  readonly previous: RecurringRun | undefined;
}
