import type { EnqueuedJob, PreparedJob } from './prepared-job.js';

/**
 * Jobs by their idempotency keys. Provided by idempotency.
 * @internal
 */
export abstract class IdempotencyKeys {
  /**
   * Stores a job that has a key, unless another has it: one that is live, or completed within its window.
   * @returns the job that has the key now
   * @throws IdempotencyKeyReusedError, and as enqueue
   */
  abstract store(job: PreparedJob): Promise<EnqueuedJob>;
}
