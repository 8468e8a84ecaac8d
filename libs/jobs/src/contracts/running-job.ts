import type { JobInfo } from './job-info.js';
import type { RecurringRun } from './recurring-tick.js';
import type { StoredKey } from './idempotency-key.js';

/** A job as it is stored, as far as features look at it. @internal */
export interface StoredJob {
  /** BullMQ's options, and ours beside them. */
  readonly options: Readonly<LimitKeys>;
  /** How often it was claimed, this time included. */
  readonly claims?: number;
  /** The stored payload. */
  readonly payload: unknown;
}

/**
 * What limits count a job by, stored with it; absent when it was added by somebody who does not
 * know. @internal
 */
export interface LimitKeys {
  readonly concurrencyKey?: string;
  /**
   * What the key belongs to, so that a process without the handler can give the job's turn back.
   */
  readonly concurrencyGroup?: string;
  readonly rateLimitKey?: string;
  /** Whether others of its `deduplication` may be stored from its start on. */
  readonly uniqueUntilStarted?: boolean;
  /** BullMQ's: by what it is the only one. */
  readonly deduplication?: { readonly id: string; readonly ttl?: number };
}

/**
 * A running job as seen from inside its handler. Implemented by runs, read by all that is called
 * within them.
 * @internal
 */
export interface RunningJob extends JobInfo {
  readonly signal: AbortSignal;
  /**
   * BullMQ's `timestamp` of the job: a later job with the same id is another job. Undefined for a
   * run that is no job.
   */
  readonly enqueuedAt?: number | undefined;
  /** Its idempotency key, if it has one. */
  readonly idempotency?: StoredKey | undefined;
  /** BullMQ's key of the job's parent, if it had one when it was claimed. */
  readonly parentKey?: string | undefined;
  /** What `context.capture()` returned when the job was enqueued, in its stored form. */
  readonly context?: unknown;
  /** What is stored of the job; undefined for what is run without being stored. */
  readonly stored?: StoredJob | undefined;
  /** Told when the handler asked for a longer lock, by whoever else holds something for the run. */
  onExtended?: ((durationMs: number) => Promise<void>) | undefined;
  /** How the run of the tick before ended, for a recurring job. */
  previousRun?: RecurringRun | undefined;
  progress(value: number | object): Promise<void>;
  log(line: string): Promise<void>;
  extend(durationMs: number): Promise<void>;
}
