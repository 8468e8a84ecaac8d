import { AsyncLocalStorage } from 'node:async_hooks';
import type { JobInfo } from './job-info.js';
import type { RecurringRun } from './recurring-tick.js';
import type { StoredKey } from './stored-key.js';

/**
 * A running job as seen from inside its handler. Implemented by execution, read by logging.
 * @internal
 */
export interface RunningJob extends JobInfo {
  readonly signal: AbortSignal;
  /** BullMQ's `timestamp` of the job: a later job with the same id is another job. Undefined for a run that is no job. */
  readonly enqueuedAt?: number | undefined;
  /** Its idempotency key, if it has one. */
  readonly idempotency?: StoredKey | undefined;
  /** BullMQ's key of the job's parent, if it had one when it was claimed. */
  readonly parentKey?: string | undefined;
  /** What `context.capture()` returned when the job was enqueued, in its stored form. */
  readonly context?: unknown;
  /** How the run of the tick before ended, for a recurring job. */
  previousRun?: RecurringRun | undefined;
  progress(value: number | object): Promise<void>;
  log(line: string): Promise<void>;
  extend(durationMs: number): Promise<void>;
}

/** The job that the current asynchronous call chain belongs to. @internal */
export const currentJob = new AsyncLocalStorage<RunningJob>();
