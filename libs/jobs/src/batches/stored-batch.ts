import type { Job } from 'bullmq';
import type { HubQueue } from '../hubs/index.js';
import { restoreValue, storeValue } from '../payload/index.js';
import type { PreparedJob } from '../enqueueing/index.js';
import type { BatchSummary } from './batch.js';

/** The kind of hub that a batch is. @internal */
export const BATCH_KIND = 'batch';

/** When a continuation is enqueued. @internal */
export type BatchEvent = 'onCompleted' | 'onFailed' | 'onFinished';

/**
 * An argument of a continuation that is known when the batch has ended: the summary, or a property
 * of it. @internal
 */
export interface StoredSlot {
  readonly arg: number;
  readonly property?: keyof BatchSummary;
}

/** A continuation, ready to be enqueued but for what is known at the end. @internal */
export interface StoredCall {
  readonly job: PreparedJob;
  readonly slots: readonly StoredSlot[];
}

/**
 * What is stored of a batch in its hub: all that its end needs, so that it is stored with the jobs
 * or not at all. @internal
 */
export interface StoredBatch {
  readonly name?: string;
  /** BullMQ's `timestamp` of its jobs, Unix milliseconds. */
  readonly createdAt: number;
  /** Jobs and nested batches. */
  readonly total: number;
  /** Nested batches among them. */
  readonly nested: number;
  readonly calls: Readonly<Partial<Record<BatchEvent, StoredCall>>>;
}

/** The hub of a batch. @internal */
export type BatchHubJob = Job<StoredBatch, unknown>;

/** A summary as the hub returns it. @internal */
export function toStoredSummary(summary: BatchSummary): object {
  return storeValue(summary, 'summary').value as object;
}

/** @internal */
export function fromStoredSummary(stored: unknown): BatchSummary {
  return restoreValue(stored) as BatchSummary;
}

/** The hub of a batch; undefined when it is not in the store. @internal */
export async function readBatch(hubs: HubQueue, id: string): Promise<BatchHubJob | undefined> {
  return (await hubs.bullmq.getJob(id)) as BatchHubJob | undefined;
}
