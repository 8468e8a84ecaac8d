import type { HandlerClass } from '../discovery/index.js';
import type { ContinuationMoment, ContinuationValue } from '../options/index.js';
import type { EnqueueOptions } from './enqueue-options.js';
import type { HandleOf } from './job-enqueuer.js';
import type { JobHandle } from './job-handle.js';
import type { JobRef } from './job-ref.js';

/**
 * Options of a continuation: when it runs, and those of its job.
 * @publicApi
 */
export interface ContinueOptions<On extends ContinuationMoment = ContinuationMoment> extends Omit<
  EnqueueOptions,
  'idempotencyKey' | 'idempotencyWindow'
> {
  /**
   * `completed`: when the antecedent has completed. `failed`: when it has failed for good, was cancelled or removed.
   * `finished`: in either case. Of several antecedents each must end that way. Default `completed`.
   */
  on?: On;
}

/**
 * What a continuation follows: a job, or several.
 * @publicApi
 */
export type Antecedents = JobRef | readonly [JobRef, ...JobRef[]];

/** What the handler of a job returns; unknown unless the reference is a handle. */
type ResultOf<Ref> = Ref extends JobHandle<infer R> ? R : unknown;

/**
 * What a continuation's callback gets: one value, or one for each of several antecedents.
 * @publicApi
 */
export type ContinuationValues<
  A extends Antecedents,
  On extends ContinuationMoment,
> = A extends readonly JobRef[]
  ? { [K in keyof A]: ContinuationValue<ResultOf<A[K]>, On> }
  : ContinuationValue<ResultOf<A>, On>;

/**
 * What `JobScheduler` needs of continuations; the feature provides it.
 * @internal
 */
export abstract class Continuations {
  abstract continueWith<
    const A extends Antecedents,
    T extends object,
    R,
    On extends ContinuationMoment = 'completed',
  >(
    after: A,
    type: HandlerClass<T>,
    call: (service: T, value: ContinuationValues<A, On>) => R,
    options: ContinueOptions<On>,
  ): Promise<HandleOf<R>>;

  /**
   * Reads a step of a chain when it is asked for: what its values become later does not matter.
   * @returns the step, or its fault, which `enqueueChain` tells of; nobody else needs to know what is in it
   */
  abstract readStep(
    type: HandlerClass,
    call: (service: never, value: never) => unknown,
    options: ContinueOptions,
    isFirst: boolean,
  ): unknown;

  /**
   * Stores all steps, or none.
   * @param steps as `readStep` returned them
   * @returns the handle of the last one
   */
  abstract enqueueChain(steps: readonly unknown[]): Promise<JobHandle>;

  /** A failed job is about to be retried: what was skipped because of its failure waits for it again. */
  abstract revive(job: { readonly queue: string; readonly id: string }): Promise<void>;
}
