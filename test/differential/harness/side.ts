import type { IQueueBackend } from 'bullmq';
import type { QueueName, SideOptions } from './recorded-call.js';

/**
 * One of the two stores that run a sequence: a backend for each queue, on this sequence's data
 * alone.
 */
export interface Side {
  readonly name: string;
  /** The prefix of its keys, which differs between sides. */
  readonly prefix: string;
  queue(name: QueueName): IQueueBackend;
  /** Makes a job's lock end now, if this token holds it. Returns 1 when it did, else 0. */
  loseLock(queue: QueueName, jobId: string, token: string): Promise<number>;
  /** Ends the time without a look for stalled jobs, if it is over by the controlled clock. */
  endStalledCheck(queue: QueueName, now: number): Promise<void>;
  /** Removes its data. */
  close(): Promise<void>;
}

/** Makes sides of one kind, one for each run of a sequence. */
export interface SideSource {
  readonly name: string;
  open(options: SideOptions): Promise<Side>;
  close(): Promise<void>;
}
