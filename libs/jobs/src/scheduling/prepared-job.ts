import type { JobsOptions } from 'bullmq';
import type { StoredPayload } from '../payload/index.js';

/** A job that is valid and complete, ready to be stored. @internal */
export interface PreparedJob {
  readonly queue: string;
  readonly name: string;
  readonly id: string;
  readonly data: StoredPayload;
  readonly opts: StoredJobOptions;
}

/** A job that is stored. @internal */
export interface EnqueuedJob {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** What it returned, where that is known already. */
  readonly result?: { readonly value: unknown };
}

/** BullMQ's options, and the two of ours that are stored beside them. @internal */
export interface StoredJobOptions extends JobsOptions {
  /** Longest run of one attempt, in ms; absent = the handler's. */
  readonly timeoutMs?: number;
}
