import type { PreparedJob } from './prepared-job.js';

/**
 * Where else there may be a job of a unique key: in the queue that its handler had before it was
 * moved to another one. Provided by concurrency.
 * @internal
 */
export abstract class UniquePlaces {
  /** False in a process that provides no handler with unique jobs, until it enqueues one. */
  abstract get areKnown(): boolean;
  /** Reads them, and again whenever they may have changed. */
  abstract follow(): Promise<void>;
  /** The other queues; none for a handler that was not moved lately. */
  abstract othersFor(job: PreparedJob): readonly string[];
  /** Does one thing for a key at a time, in the whole fleet. */
  abstract alone(key: string, action: () => Promise<void>): Promise<void>;
}
