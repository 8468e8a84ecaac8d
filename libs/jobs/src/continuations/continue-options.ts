import type { ContinuationMoment, ContinuationValue } from '../options/index.js';
import type { EnqueueOptions, JobHandle, JobRef } from '../enqueueing/index.js';

/**
 * Options of a continuation: when it runs, and those of its job.
 * @publicApi
 */
export interface ContinueOptions<On extends ContinuationMoment = ContinuationMoment> extends Omit<
  EnqueueOptions,
  'idempotencyKey' | 'idempotencyWindow'
> {
  /**
   * `completed`: when the antecedent has completed. `failed`: when it has failed for good, was
   * cancelled or removed. `finished`: in either case. Of several antecedents each must end that
   * way. Default `completed`.
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
