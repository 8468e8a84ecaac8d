import type { CoordinationStore } from '../contracts/index.js';
import { JobCancelledError, type JobLocation } from '../errors/index.js';
import { Records } from './records.js';
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
  /** Present when it was asked for more than once: whoever was first does not take it back. */
  readonly again?: true;
}

const KEY = 'cancel:';

/**
 * Cancel requests, stored so that one which no process heard is still found: at the next renewal of
 * the job's lock, or by whoever asks for the result of a job that was removed.
 * @internal
 */
export const cancelRequests = {
  /**
   * Stores a request, unless the same job was asked to end before: the first one counts, whose
   * reason its run was given.
   * @returns the request in force
   */
  store(store: CoordinationStore, request: CancelRequest): Promise<CancelRequest> {
    const first = (stored: CancelRequest | undefined): CancelRequest =>
      stored?.enqueuedAt === request.enqueuedAt ? { ...stored, again: true } : request;
    const records = new Records<CancelRequest>({ store }, KEY);
    return records.change(idOf(request), first, { ttlMs: REQUEST_TTL_MS });
  },

  /**
   * Takes back a request that came too late, as `store()` was given it, unless somebody else asked
   * for the same.
   */
  async withdraw(store: CoordinationStore, request: CancelRequest): Promise<void> {
    await store.delete(keyOf(request), JSON.stringify(request));
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

  /**
   * What a job was cancelled by that has failed.
   * @param message which it failed with: a request may have come too late for a job that failed by
   *   itself
   * @param requests the stored one, and what was noted on the job, which outlives it
   */
  endedBy(
    message: string,
    requests: readonly (Pick<CancelRequest, 'reason'> | undefined)[],
    location: JobLocation,
  ): JobCancelledError | undefined {
    return requests
      .map((request) => request && this.toError(request, location))
      .find((error) => error?.message === message);
  },

  toError(request: Pick<CancelRequest, 'reason'>, location: JobLocation): JobCancelledError {
    return new JobCancelledError(location, request.reason);
  },
};

function keyOf(job: { queue: string; id: string }): string {
  return KEY + idOf(job);
}

function idOf({ queue, id }: { queue: string; id: string }): string {
  return `${queue}:${id}`;
}
