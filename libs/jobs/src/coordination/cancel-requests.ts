import type { CoordinationStore } from '../contracts/index.js';
import { JobCancelledError, type JobLocation } from '../errors/index.js';
import { parseRecord } from './stored-record.js';

/** The channel that carries cancel requests to every process. @internal */
export const CANCEL_CHANNEL = 'cancel';

/** A request is kept this long: longer than any pause between two renewals of a lock. */
const REQUEST_TTL_MS = 24 * 3_600_000;

/** A request to cancel a job, as it is stored and sent. @internal */
export interface CancelRequest {
  readonly queue: string;
  readonly id: string;
  /** BullMQ's `timestamp` of the job: a later job with the same id is another job. */
  readonly enqueuedAt: number;
  readonly reason?: string;
}

/**
 * Cancel requests, stored so that one which no process heard is still found: at the next renewal of
 * the job's lock, or by whoever asks for the result of a job that was removed.
 * @internal
 */
export const cancelRequests = {
  async store(store: CoordinationStore, request: CancelRequest): Promise<void> {
    await store.set(keyOf(request), JSON.stringify(request), REQUEST_TTL_MS);
  },

  async find(
    store: CoordinationStore,
    job: { queue: string; id: string },
  ): Promise<CancelRequest | undefined> {
    const key = keyOf(job);
    const text = await store.get(key);
    return text === undefined ? undefined : (parseRecord(text, key) as CancelRequest);
  },

  async forget(store: CoordinationStore, job: { queue: string; id: string }): Promise<void> {
    await store.delete(keyOf(job));
  },

  toError(request: Pick<CancelRequest, 'reason'>, location: JobLocation): JobCancelledError {
    return new JobCancelledError(location, request.reason);
  },
};

function keyOf({ queue, id }: { queue: string; id: string }): string {
  return `cancel:${queue}:${id}`;
}
