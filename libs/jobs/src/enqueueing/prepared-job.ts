import type { JobsOptions } from 'bullmq';
import type { LimitKeys } from '../contracts/index.js';
import type { ConcurrencyLimit, Uniqueness } from '../discovery/index.js';
import type { StoredPayload } from '../payload/index.js';

/** A job that is valid and complete, ready to be stored. @internal */
export interface PreparedJob {
  readonly queue: string;
  readonly name: string;
  readonly id: string;
  readonly data: StoredPayload;
  readonly opts: StoredJobOptions;
  /** Present where the job takes a ticket before it is stored. */
  readonly concurrency?: ConcurrencyLimit;
  /** Present where there may be one job of a key. */
  readonly unique?: Uniqueness;
  /** The same for all jobs of one call, which are stored in its order. */
  readonly call?: object;
  /** Set by the store: the id of the job that is there in place of this one. */
  storedAs?: string;
  /** Set with it, where that job is in another queue. */
  storedIn?: string;
}

/** A job that is stored. @internal */
export interface EnqueuedJob {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** What it returned, where that is known already. */
  readonly result?: { readonly value: unknown };
}

/** BullMQ's options, and ours that are stored beside them. @internal */
export interface StoredJobOptions
  extends Omit<JobsOptions, 'jobId'>, Omit<LimitKeys, 'deduplication'> {
  /** Longest run of one attempt, in ms; absent = the handler's. */
  readonly timeoutMs?: number;
}
