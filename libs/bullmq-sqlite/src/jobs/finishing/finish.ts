import type { Claim } from '../claiming/claim-job.js';

/**
 * How many finished jobs stay: at most `count` (0: not even this one; below: all), for `age`
 * seconds.
 */
export interface Retention {
  count?: number;
  age?: number;
  /** How many old jobs one finish removes by age. */
  limit?: number;
}

/** How an active job ends. */
export interface Finish {
  jobId: string;
  state: 'completed' | 'failed';
  /** The result as JSON, or why it failed. */
  value: string;
  token: string;
  /** `opts.attempts` of the job. */
  attempts: number;
  keep: Retention;
  /** More fields to store with a failure. */
  fields?: Record<string, unknown> | undefined;
  /** How many points of metrics to keep; undefined for none. */
  maxDataPoints?: number | undefined;
  /** The claim of the next job; undefined when the worker wants none. */
  next?: Claim | undefined;
  /** By the wall clock. */
  now: number;
  /** When its holder asked for it, on the machine's clock: its lock has to have held then. */
  called: number;
}
