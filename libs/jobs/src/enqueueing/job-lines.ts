import type { Job } from 'bullmq';
import type { PreparedJob } from './prepared-job.js';

/**
 * The lines of concurrency keys, as far as enqueueing and removing have to do with them.
 * @internal
 */
export abstract class JobLines {
  /**
   * Takes tickets for jobs that are to be stored, in order.
   * @returns the jobs as they are to be stored: those that have no turn yet are parked
   */
  abstract place(jobs: readonly PreparedJob[]): Promise<readonly PreparedJob[]>;
  /** The insert of jobs that were to be placed has ended, well or not. */
  abstract settle(jobs: readonly PreparedJob[]): void;
  /** A job that had been placed was not stored. */
  abstract withdraw(job: PreparedJob): void;
  /** A job was removed: whoever comes after it must not wait for it. */
  abstract removed(job: Job): Promise<void>;
}
