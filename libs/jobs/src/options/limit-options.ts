import type { Duration } from './duration.js';

/**
 * What jobs have in common that share a limit: a tenant, a document, a customer.
 * @publicApi
 */
export type JobKey = string | number;

/**
 * Makes a job's key of its arguments, when it is enqueued. Annotate the parameters that you use, as
 * those of the method are: `(order: Order) => order.customerId`.
 * @returns 1 to 256 characters without control characters, or a number
 * @publicApi
 */
export type JobKeyFunction = (...args: never[]) => JobKey;

/**
 * How many jobs of a key run at once, in the whole fleet. The others wait in the order in which
 * they were enqueued, hold no worker and burn no attempt; they are `delayed` until it is their
 * turn. A job lets others pass while it waits for its next attempt, or for a server that has its
 * handler.
 * @publicApi
 */
export interface ConcurrencyOptions<K extends JobKeyFunction = JobKeyFunction> {
  /** What the limit counts by. Default: all jobs of the handler count together. */
  key?: JobKey | JobKeyFunction | K;
  /** How many of a key may run at once, 1 to 1,000,000; a function is given the key. Default 1. */
  limit?: number | ((key: string) => number);
  /**
   * What becomes of a job that could start while its key is full. `wait`: it runs in its turn.
   * `skip`: it completes without a run, with the result undefined. Default `'wait'`.
   */
  onLimit?: 'wait' | 'skip';
  /**
   * Handlers with the same group share their keys; give them the same limit. Default: the handler's
   * stored name.
   */
  group?: string;
}

/**
 * How many jobs of a key start within any window of time, in the whole fleet. Those that come too
 * early are `delayed` until the moment that is theirs, which burns no attempt.
 * @publicApi
 */
export interface RateLimitOptions<K extends JobKeyFunction = JobKeyFunction> {
  /** What the limit counts by. Default: all jobs of the handler count together. */
  key?: JobKey | JobKeyFunction | K;
  /** How many may start within `per`, 1 to 1,000,000. */
  max: number;
  /**
   * The length of the window, at least 1 ms. It slides: there is no moment at which all may start
   * again.
   */
  per: Duration;
  /** Handlers with the same group share their keys. Default: the handler's stored name. */
  group?: string;
}

/**
 * At most one job of a key.
 * @publicApi
 */
export interface UniqueOptions<K extends JobKeyFunction = JobKeyFunction> {
  /** What is unique. Default: one job of the handler. */
  key?: JobKey | JobKeyFunction | K;
  // oxlint-disable typescript/no-redundant-type-constituents -- the words are what editors offer
  /**
   * How long: until the job is started, or until it has completed or failed for good, or for a time
   * from when it was enqueued, whatever becomes of it. Except in the last case, a job that is
   * cancelled while it waits gives its key at once. Default `'until-finished'`.
   */
  for?: 'until-started' | 'until-finished' | (Duration & NonNullable<unknown>);
  // oxlint-enable typescript/no-redundant-type-constituents
  /**
   * What becomes of a second job. `skip`: it is not stored, and `enqueue` returns the handle of the
   * first. `replace`: the first runs with the arguments of the second; if it runs already, the
   * second runs after it. The handle is that of the first in both cases; the second is stored when
   * the first has ended, and found then by the `id` that was given. `reschedule`: as `replace`, and
   * the first is due when the second would have been. `throw`: `enqueue` rejects with a
   * DuplicateJobError. Default `'skip'`.
   */
  onDuplicate?: 'skip' | 'replace' | 'reschedule' | 'throw';
}
