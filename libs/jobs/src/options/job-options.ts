import type { Duration } from './duration.js';
import type {
  ConcurrencyOptions,
  JobKeyFunction,
  RateLimitOptions,
  UniqueOptions,
} from './limit-options.js';
import type { StandardSchema } from './standard-schema.js';

/**
 * How long a finished job stays readable: at once (still kept for one minute, so that `result()`
 * right after `enqueue` works), for ever (`false`), or until an age or a count is passed.
 *
 * BullMQ trims a queue's finished jobs together. So a queue has the longest age and the largest
 * count of its handlers; jobs of a handler with a shorter age are removed by the process that ran
 * them (should it stop before, they go with the queue's). Give handlers with very different needs
 * queues of their own.
 * @publicApi
 */
export type Retention =
  | boolean
  | {
      /** How long to keep. Default: no limit of age. */
      age?: Duration;
      /**
       * How many of a queue to keep, newest first. Default: no limit of number. A worker that is
       * busy may leave up to 1 % more (of less than 200, none) until a tenth of a second has
       * passed.
       */
      count?: number;
    };

/**
 * Computes the pause before the next attempt.
 * @param attempt the attempt that failed, 1 for the first
 * @param error what it failed with
 * @returns the pause, or `false` to stop retrying
 * @publicApi
 */
export type BackoffFunction = (attempt: number, error: Error) => Duration | false;

/**
 * Pauses between attempts, in a form that is stored with the job.
 * @publicApi
 */
export type BackoffOptions =
  | {
      /** `fixed`: the same pause each time. `exponential`: doubled each time. */
      type: 'fixed' | 'exponential';
      /** The first pause. Default `'1s'`. */
      delay?: Duration;
      /** No pause is longer than this. Default `'1h'`, or `delay` where that is longer. */
      maxDelay?: Duration;
      /**
       * The part of a pause that is random, 0 (none) to 1 (all). Default 0 when fixed, 0.5 when
       * exponential.
       */
      jitter?: number;
    }
  /** Explicit pauses, the last one repeated. */
  | { type: 'delays'; delays: readonly Duration[] };

/**
 * What a handler is like. Used by `@Job()`, and by `@Jobs()` as defaults of a class.
 * @publicApi
 */
export interface JobOptions<
  C extends JobKeyFunction = JobKeyFunction,
  R extends JobKeyFunction = JobKeyFunction,
  U extends JobKeyFunction = JobKeyFunction,
> {
  /**
   * The queue that its jobs wait in: letters, digits, `_`, `.`, `-`, at most 128. Default
   * `'default'`.
   */
  queue?: string;
  /** The stored name; give one to survive renames of class or method. Default `Class.method`. */
  name?: string;
  /**
   * Older stored names that this handler still serves, the oldest first. Keys of its jobs
   * (`concurrency`, `rateLimit`, `unique`, `idempotencyKey`) and the id of its recurring job stay
   * those of the oldest, so that old and new versions share them. Default none.
   */
  aliases?: readonly string[];
  /** How many times a job may be tried in all. Default 10. */
  attempts?: number;
  /** Pauses between attempts. Default exponential from 1 s to 1 h, half of it random. */
  backoff?: BackoffOptions | BackoffFunction;
  /** Says whether an error is worth another attempt. Default: every error is. */
  retryIf?: (error: Error, attempt: number) => boolean;
  /**
   * Aborts the handler's signal after this long; unless the handler then finishes within
   * `abortTimeout`, the attempt fails. Default: no limit.
   */
  timeout?: Duration;
  /** 1 (first) to 2,097,151 (last); jobs without one run before all with one. Default none. */
  priority?: number;
  /** How long completed jobs stay. Default 24 h, at most 10,000 of a queue. */
  removeOnComplete?: Retention;
  /** How long failed jobs stay. Default 7 days, at most 50,000 of a queue. */
  removeOnFail?: Retention;
  /** How many jobs with the same key run at once, in the whole fleet. Default: no limit. */
  concurrency?: ConcurrencyOptions<C>;
  /** How many jobs with the same key start within a time, in the whole fleet. Default: no limit. */
  rateLimit?: RateLimitOptions<R>;
  /** At most one job with the same key. Default: any number. */
  unique?: UniqueOptions<U>;
  /**
   * Checks (and may transform) the arguments: a Standard Schema (zod, valibot, arktype …) for the
   * first argument, or a list with one for each. Checked at enqueue; checked and transformed at
   * execution. Default: no check.
   */
  schema?: StandardSchema | readonly (StandardSchema | undefined)[];
}

/**
 * Options that a `@Jobs()` class can give for all its handlers.
 * @publicApi
 */
export type JobsClassOptions = Omit<JobOptions, 'name' | 'aliases' | 'schema'>;
