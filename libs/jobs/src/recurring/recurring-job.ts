import type { RecurringRun } from '../contracts/index.js';
import type { RecurrenceSettings } from '../options/index.js';
import type { EnqueueOptions } from '../enqueueing/index.js';

/**
 * Options of a recurring job that is made by a call: those of its ticks, and those of the jobs that
 * they become.
 * @publicApi
 */
export type RecurringJobOptions = RecurrenceSettings &
  Omit<EnqueueOptions, 'id' | 'lifo' | 'idempotencyKey' | 'idempotencyWindow'>;

/**
 * A recurring job as it is now.
 * @publicApi
 */
export interface RecurringJob {
  readonly id: string;
  /** The stored name of the handler. */
  readonly name: string;
  readonly queue: string;
  /** The cron expression, or `every 5000 ms`. */
  readonly recurrence: string;
  /** The recurrence in words. */
  readonly description: string;
  readonly timeZone: string;
  /**
   * All settings that are not the default, with durations in milliseconds; and the dialect of a
   * cron expression.
   */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether a decorator declares it, or a call made it. */
  readonly source: 'decorator' | 'api';
  /**
   * `ended`: it has no tick any more, by `limit`, `endAt` or its years; `disabled`: by `enabled:
   * false`; `searching`: its calendars exclude every tick up to `searchedUntil`, and whether there
   * is a later one is not known yet; `unreadable`: this process lacks a calendar of it, or is too
   * old for it; `description` says why.
   */
  readonly state: 'active' | 'searching' | 'paused' | 'disabled' | 'ended' | 'unreadable';
  /**
   * The next five ticks; none unless it is active. Fewer when calendars exclude so much that they
   * are not found at once: who asks again has the search go on.
   */
  readonly next: readonly Date[];
  /** There is no tick up to this moment; undefined unless the state is `searching`. */
  readonly searchedUntil: Date | undefined;
  /** The run with the latest tick that has ended; of `get()` alone. */
  readonly lastRun: RecurringRun | undefined;
  /** How many runs were enqueued for ticks. */
  readonly runs: number;
  /** How many ticks were not run in time. */
  readonly misfires: number;
  /** How many ticks were left out because an earlier run had not finished. */
  readonly skips: number;
}
