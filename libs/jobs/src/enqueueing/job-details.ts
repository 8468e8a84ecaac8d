import type { Job } from 'bullmq';
import {
  deserializeArguments,
  payloadFault,
  restoreValue,
  type StoredPayload,
} from '../payload/index.js';
import type { PendingJob } from './pending-jobs.js';

/**
 * The states of a job, by BullMQ's names; `removed` = not in the store.
 * @publicApi
 */
export type JobStateName =
  | 'waiting'
  | 'prioritized'
  | 'delayed'
  | 'active'
  | 'waiting-children'
  | 'completed'
  | 'failed'
  | 'removed';

/**
 * What the store knows of a job at one moment.
 * @publicApi
 */
export interface JobDetails {
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: JobStateName;
  /** The arguments as the handler gets them; undefined when what is stored cannot be read. */
  readonly args: readonly unknown[] | undefined;
  /** The last `JobContext.progress()`; 0 before the first. */
  readonly progress: unknown;
  /** Failed or completed attempts so far. */
  readonly attemptsMade: number;
  /** Attempts in all. */
  readonly attempts: number;
  /** What the handler returned, once completed. */
  readonly result: unknown;
  /** Message of the last failed attempt. */
  readonly failedReason: string | undefined;
  /**
   * Stacks of the last ten failed attempts, oldest first, with those of their causes; each of 8,192
   * characters at most.
   */
  readonly stacktrace: readonly string[];
  readonly enqueuedAt: Date;
  /** When the last attempt started. */
  readonly startedAt: Date | undefined;
  /** When the job completed or failed for good. */
  readonly finishedAt: Date | undefined;
}

/** @internal */
export function toJobDetails(job: Job, state: JobStateName): JobDetails {
  return {
    id: job.id!,
    name: job.name,
    queue: job.queueName,
    state,
    args: readArguments(job.data),
    progress: restoreValue(job.progress),
    attemptsMade: job.attemptsMade,
    attempts: job.opts.attempts ?? 1,
    result: state === 'completed' ? restoreValue(job.returnvalue ?? null) : undefined,
    failedReason: job.failedReason,
    stacktrace: job.stacktrace ?? [],
    enqueuedAt: new Date(job.timestamp),
    startedAt: job.processedOn === undefined ? undefined : new Date(job.processedOn),
    finishedAt: job.finishedOn === undefined ? undefined : new Date(job.finishedOn),
  };
}

/** @internal */
export function pendingDetails({ job, at, end }: PendingJob): JobDetails {
  return {
    id: job.id,
    name: job.name,
    queue: job.queue,
    state: end === undefined ? 'waiting-children' : 'removed',
    // What they will be is known when the job before has ended.
    args: undefined,
    progress: 0,
    attemptsMade: 0,
    attempts: job.opts.attempts ?? 1,
    result: undefined,
    failedReason: end?.message,
    stacktrace: [],
    enqueuedAt: new Date(at),
    startedAt: undefined,
    finishedAt: undefined,
  };
}

function readArguments(data: unknown): readonly unknown[] | undefined {
  if (payloadFault(data) !== undefined) return undefined;
  try {
    return deserializeArguments(data as StoredPayload);
  } catch {
    return undefined;
  }
}
