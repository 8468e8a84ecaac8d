import type { IQueueBackend } from 'bullmq';

/** A job that this process has claimed and runs. @internal */
export interface HeldJob {
  readonly id: string;
  readonly token: string;
  /** How often it was claimed, this time included: whose the newest claim is can be told by it. */
  readonly claims: number;
}

/** What our backends can do beyond BullMQ's contract. @internal */
export interface SafeBackend extends IQueueBackend {
  /**
   * Renews the locks of jobs that this process runs. One that has run out is taken back, unless
   * somebody else has touched its job since: a process that was blocked for long still runs what it
   * ran.
   * @returns the ids of those that are lost
   */
  renewLocks(jobs: readonly HeldJob[], durationMs: number): Promise<string[]>;
  /**
   * Gives a deduplication id to a job, unless somebody holds it.
   * @returns the id of the job that holds it now
   */
  holdDeduplicationId(deduplicationId: string, jobId: string): Promise<string>;
}
