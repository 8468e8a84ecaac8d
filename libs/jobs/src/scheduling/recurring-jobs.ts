import type { HandlerClass } from '../discovery/index.js';
import { PublicService, type RecurringRun } from '../contracts/index.js';
import type { Recurrence, RecurrenceSettings } from '../options/index.js';
import type { EnqueueOptions } from './enqueue-options.js';
import type { JobHandle } from './job-handle.js';

/**
 * Options of a recurring job that is made by a call: those of its ticks, and those of the jobs that they become.
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
  /** All settings that are not the default, with durations in milliseconds; and the dialect of a cron expression. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Whether a decorator declares it, or a call made it. */
  readonly source: 'decorator' | 'api';
  /**
   * `ended`: it has no tick any more, by `limit`, `endAt` or its years; `disabled`: by `enabled: false`;
   * `searching`: its calendars exclude every tick up to `searchedUntil`, and whether there is a later one is not known
   * yet; `unreadable`: this process lacks a calendar of it, or is too old for it; `description` says why.
   */
  readonly state: 'active' | 'searching' | 'paused' | 'disabled' | 'ended' | 'unreadable';
  /**
   * The next five ticks; none unless it is active. Fewer when calendars exclude so much that they are not found at
   * once: who asks again has the search go on.
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

/**
 * Recurring jobs that are made, changed and asked for at run time; `JobScheduler.recurring`. What `@Recurring()`
 * declares is found here too.
 * @publicApi
 */
export abstract class RecurringJobs extends PublicService {
  /**
   * Stores a recurring job, or changes the one with this id. Nothing runs at once: its ticks are those after
   * now. With the same recurrence and settings as stored, it is left alone, so this can be called at each boot.
   *
   * @param id letters, digits, `_`, `.`, `-`, at most 128
   * @param call makes exactly one call, whose arguments each run gets: `(s) => s.sync('orders')`
   * @param recurrence a cron expression, see `Cron`; or `{ every: '10 min' }`
   * @throws InvalidRecurringJobError with every fault of id, recurrence and options, and as `enqueue` for the call
   */
  abstract addOrUpdate<T extends object>(
    id: string,
    type: HandlerClass<T>,
    call: (service: T) => unknown,
    recurrence: Recurrence,
    options?: RecurringJobOptions,
  ): Promise<void>;

  /**
   * Changes when a recurring job is due; what it does stays. Its ticks are those after now. One that a decorator
   * declares has the decorator's recurrence again after the next boot.
   * @param settings all of them: what is left out is the default from now on
   * @throws RecurringJobNotFoundError, InvalidRecurringJobError
   */
  abstract reschedule(
    id: string,
    recurrence: Recurrence,
    settings?: RecurrenceSettings,
  ): Promise<void>;

  /**
   * Removes a recurring job. Runs that were enqueued, or are at this very moment, stay. One that a decorator declares is back within a
   * minute: pause it instead.
   * @returns false when there is none
   */
  abstract remove(id: string): Promise<boolean>;

  /**
   * Runs it now, whatever its state, and changes nothing about its ticks.
   * @returns the run's job
   * @throws RecurringJobNotFoundError
   */
  abstract trigger(id: string): Promise<JobHandle>;

  /**
   * Lets its ticks pass until `resume()`, over restarts and deploys too. A run that is being enqueued at this very
   * moment still runs.
   * @throws RecurringJobNotFoundError
   */
  abstract pause(id: string): Promise<void>;

  /**
   * Ends a pause; the ticks that were missed are treated by its misfire policy.
   * @throws RecurringJobNotFoundError
   */
  abstract resume(id: string): Promise<void>;

  /** All recurring jobs, by id. */
  abstract list(): Promise<readonly RecurringJob[]>;

  /** One of them, with its last run; undefined when there is none. */
  abstract get(id: string): Promise<RecurringJob | undefined>;
}
