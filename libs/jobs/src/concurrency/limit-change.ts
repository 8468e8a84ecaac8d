import type { Duration, JobKey } from '../options/index.js';

/**
 * What is changed of a handler's limits: of one key, or of all that have no limit of their own.
 * @publicApi
 */
export interface LimitChange {
  /** The key. Default: all keys. */
  key?: JobKey;
  /**
   * How many jobs of the key run at once, 1 to 1,000,000: takes the place of `concurrency.limit`.
   */
  limit?: number;
  /**
   * How many jobs of the key start within `per`, 1 to 1,000,000: takes the place of
   * `rateLimit.max`.
   */
  max?: number;
  /** Takes the place of `rateLimit.per`; only with `max`. */
  per?: Duration;
}

/**
 * The limits of a key as they are now.
 * @publicApi
 */
export interface LimitsNow {
  /** Absent when the handler has no `concurrency`. */
  readonly concurrency?: number;
  /** Absent when the handler has no `rateLimit`. */
  readonly rateLimit?: { readonly max: number; readonly perMs: number };
}
