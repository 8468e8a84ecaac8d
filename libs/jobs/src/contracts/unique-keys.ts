import type { IQueueBackend, Queue } from 'bullmq';

/** What our backends can do for unique jobs beyond BullMQ's contract. @internal */
export interface UniqueKeyBackend extends IQueueBackend {
  /**
   * Gives a deduplication id to a job, unless somebody holds it.
   * @returns the id of the job that holds it now
   */
  holdDeduplicationId(deduplicationId: string, jobId: string): Promise<string>;
}

/**
 * Lets a job that runs again be the only one of its key again: BullMQ frees the key at its failure, and gives it back to
 * nobody.
 * @returns the id of the job that has the key now
 * @internal
 */
export function holdUniqueKey(queue: Queue, key: string, jobId: string): Promise<string> {
  const backend: IQueueBackend = queue.getBackend();
  return (backend as UniqueKeyBackend).holdDeduplicationId(key, jobId);
}
