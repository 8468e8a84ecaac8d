import type { JobOptions } from './job-options.js';

/**
 * How a job must end for its continuation to run.
 * @publicApi
 */
export type ContinuationMoment = 'completed' | 'failed' | 'finished';

/**
 * What is stored of an error that a job failed with.
 * @publicApi
 */
export interface JobError {
  /** The name of the error's class; `JobCancelledError` for a job that was cancelled or removed. */
  readonly name: string;
  readonly message: string;
}

/**
 * How a job ended.
 * @publicApi
 */
export type JobEnding<R = unknown> =
  | { readonly status: 'completed'; readonly result: R }
  | { readonly status: 'failed' | 'cancelled'; readonly error: JobError };

/**
 * What a continuation is given of the job before it: its result, its error, or how it ended.
 * @publicApi
 */
export type ContinuationValue<R, On extends ContinuationMoment> = On extends 'completed'
  ? R
  : On extends 'failed'
    ? JobError
    : JobEnding<R>;

/**
 * The names of a class's methods.
 * @publicApi
 */
export type MethodOf<T> = {
  [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never;
}[keyof T] &
  string;

/**
 * A handler: its class, and the name of its method.
 * @publicApi
 */
export type HandlerMethod<T, K extends MethodOf<T>> = readonly [
  type: abstract new (...args: never[]) => T,
  method: K,
];

/**
 * Options of `@Continuation()`: those of `@Job()`, and what the method follows.
 * @publicApi
 */
export interface ContinuationOptions<
  T,
  K extends MethodOf<T>,
  On extends ContinuationMoment,
> extends JobOptions {
  /**
   * The handler whose jobs it follows: `[OrderService, 'process']`. A function that returns it,
   * where two files import each other.
   */
  after: HandlerMethod<T, K> | (() => HandlerMethod<T, K>);
  /**
   * `completed`: it runs when a job of that handler has completed, and gets what it returned.
   * `failed`: when one has failed for good or was cancelled, and gets the error. `finished`: in
   * either case, and gets how it ended. Default `completed`.
   */
  on?: On;
}
