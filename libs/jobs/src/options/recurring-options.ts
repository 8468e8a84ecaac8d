import type { Duration } from './duration.js';
import type { JobOptions } from './job-options.js';

/**
 * When a recurring job is due: a cron expression of 5 fields (Unix) or of 6 or 7 (Quartz, seconds
 * first), a macro (`'@daily'`), or a fixed interval.
 * @publicApi
 */
export type Recurrence = string | { readonly every: Duration };

/**
 * What becomes of ticks that could not be run in time, because every process or the store was down,
 * or the recurring job was paused. `fire-once`: one run for all of them, as of the last; `skip`:
 * none; `fire-all`: one run for each, the oldest first. Runs for missed ticks wait for an earlier
 * run that has not finished, unless overlap is `allow`: the outage may have interrupted it.
 * @publicApi
 */
export type MisfirePolicy = 'fire-once' | 'skip' | 'fire-all';

/**
 * What becomes of a tick while the run of an earlier one has not finished. `skip`: it is not run;
 * `queue`: it waits for its turn; `allow`: both run at once.
 * @publicApi
 */
export type OverlapPolicy = 'skip' | 'queue' | 'allow';

/**
 * When and how the ticks of a recurring job become runs.
 * @publicApi
 */
export interface RecurrenceSettings {
  /** IANA name of the zone that the cron expression is read in. Default `'UTC'`. */
  timeZone?: string;
  /**
   * The dialect of the cron expression. Default: that of `forRoot({ recurring })`; else 5 fields
   * are Unix and 6 or 7 are Quartz, but six with weekdays by number are refused.
   */
  dialect?: 'unix' | 'quartz';
  /** What becomes of missed ticks. Default `'fire-once'`. */
  misfire?: MisfirePolicy;
  /**
   * A tick that is later than this is a misfire; up to it, it is merely late and runs. Default 1
   * min.
   */
  misfireThreshold?: Duration;
  /**
   * With `fire-all`: so many missed ticks are run, the newest ones; older ones are dropped. Default
   * 1,000.
   */
  misfireLimit?: number;
  /** What becomes of a tick while an earlier run has not finished. Default `'skip'`. */
  overlap?: OverlapPolicy;
  /**
   * Names of calendars of `forRoot({ calendars })`: a tick that one of them excludes does not
   * exist. Default none.
   */
  calendars?: readonly string[];
  /**
   * No tick is before this moment; an interval starts at it. Default: none, an interval starts when
   * it is stored.
   */
  startAt?: Date;
  /** No tick is after this moment. Default none. */
  endAt?: Date;
  /**
   * The recurring job ends after so many runs; ticks that were skipped do not count. Default: no
   * limit.
   */
  limit?: number;
  /**
   * Each run is put off by a random time of up to this, so that many do not start at once. Default
   * 0.
   */
  jitter?: Duration;
  /** False: stored and listed, but without ticks. Default true. */
  enabled?: boolean;
}

/**
 * Options of `@Recurring()`: those of its ticks, and those that `@Job()` has.
 * @publicApi
 */
export interface RecurringOptions extends RecurrenceSettings, Omit<JobOptions, 'schema'> {
  /**
   * Names the recurring job: letters, digits, `_`, `.`, `-`, at most 128. Default: the handler's
   * name.
   */
  id?: string;
  /**
   * `fleet`: stored, and each tick runs once over all processes. Default.
   *
   * `process`: for work on what a process has in memory, a cache for instance. Each tick runs in
   * every process, those with `workers: false` included, and nothing is stored: no retries, `limit`
   * and intervals count from the start of the process, and `JobScheduler.recurring` does not know
   * it. It is a timeout of its id in the SchedulerRegistry of @nestjs/schedule, whose
   * `ScheduleModule.forRoot()` must be imported; deleting it there ends the ticks. Overlap and
   * misfires are those of the process; runs are drained at shutdown as jobs are.
   */
  scope?: 'fleet' | 'process';
}
