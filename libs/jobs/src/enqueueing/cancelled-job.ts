import type { Job } from 'bullmq';
import type { StoredPayload } from '../payload/index.js';
import type { JobStateName } from './job-details.js';

/**
 * Whether no handler will be called for a job, since it was cancelled while it waited: the flag is
 * read in the step in which a job is claimed.
 * @param job as it was read, or flagged, before its state was
 * @internal
 */
export function isCancelledWaiting(job: Job | undefined, state: JobStateName): boolean {
  const { cancelled } = (job?.data ?? {}) as Partial<StoredPayload>;
  return cancelled !== undefined && state !== 'active' && !isOver(state);
}

/** @internal */
export function isOver(state: JobStateName): boolean {
  return state === 'completed' || state === 'failed' || state === 'removed';
}
