import type { JobsOptions } from 'bullmq';

/**
 * Pause before a hub runs again that could not be completed, since a child of it has been retried.
 */
const RETRY_PAUSE_MS = 2_000;

/** A hub never gives up: what it has to do was promised. @internal */
export const WITHOUT_END = 1_000_000;

/** How every hub is stored. @internal */
export function hubOptions({ id, keptForMs = 0 }: { id: string; keptForMs?: number }): JobsOptions {
  return {
    jobId: id,
    attempts: WITHOUT_END,
    backoff: { type: 'fixed', delay: RETRY_PAUSE_MS },
    removeOnComplete: keptForMs === 0 || { age: Math.ceil(keptForMs / 1_000) },
    removeOnFail: true,
  };
}
