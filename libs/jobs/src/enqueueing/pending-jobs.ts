import type { JobCancelledError, ContinuationSkippedError } from '../errors/index.js';
import type { PreparedJob } from './prepared-job.js';

/** A job that is stored, but not in its queue yet, or that never will be. @internal */
export interface PendingJob {
  readonly job: PreparedJob;
  /** When it was stored, Unix ms. */
  readonly at: number;
  /** Why it will never be in its queue; undefined while it may. */
  readonly end: ContinuationSkippedError | JobCancelledError | undefined;
}

/**
 * Jobs that wait for others before they are put in their queues. The feature that has them provides
 * it; for readers of jobs they are jobs like any others.
 * @internal
 */
export abstract class PendingJobs {
  abstract find(address: {
    readonly queue: string;
    readonly id: string;
  }): Promise<PendingJob | undefined>;

  /**
   * From here on no handler is called for it: where it is put in its queue at the same moment, it
   * is refused when it is claimed.
   * @returns false when it does not wait, or not any more
   */
  abstract cancel(
    address: { readonly queue: string; readonly id: string },
    reason: string | undefined,
  ): Promise<boolean>;

  /** As `cancel()`; one that is put in its queue leaves it when it is claimed. */
  abstract remove(address: { readonly queue: string; readonly id: string }): Promise<boolean>;

  /**
   * A job that was in its queue was removed, or is run again: it is not put there again by whoever
   * did and did not live to note it.
   * @returns whether there was something to forget
   */
  abstract forget(address: { readonly queue: string; readonly id: string }): Promise<boolean>;
}
