import { describeJob, EnqueueUncertainError, StoreUnavailableError } from '../errors/index.js';
import type { PreparedJob } from './prepared-job.js';

/** Most jobs of one insert: bounds how long the store is busy with one statement. */
const MAX_BATCH = 1_000;

/** Pause before an insert is repeated after a connection error. */
const RETRY_PAUSE_MS = 100;

/** How a buffer reaches the store. @internal */
export interface EnqueueTarget {
  /** Stores all jobs, each at most once by its id. Rejects when any of them may not be stored. */
  insert(jobs: readonly PreparedJob[]): Promise<void>;
  /** Whether an error says nothing about the jobs, since the store was not reached. */
  isConnectionError(error: unknown): boolean;
}

interface Entry {
  readonly job: PreparedJob;
  readonly addedAt: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  sent: boolean;
  settled: boolean;
}

/**
 * Coalesces the enqueues of one queue. A lone call goes out at once; calls that arrive while an
 * insert is in flight go together in the next one. So the batch grows with the load and nobody
 * waits for a timer.
 *
 * Each caller gets its own outcome: a batch that fails is halved until the jobs at fault stand
 * alone. Repeating is safe, since a job is stored once by its id. An insert that meets a lost store
 * is repeated until the callers' time is over; what was sent by then may be stored, and the error
 * says so.
 * @internal
 */
export class EnqueueBuffer {
  private waiting: Entry[] = [];
  /** All unsettled entries, oldest first. */
  private readonly unsettled = new Set<Entry>();
  private flushing = false;
  /** What the store has not answered yet, and how to stop waiting for it. */
  private inFlight: { readonly batch: readonly Entry[]; readonly giveUp: () => void } | undefined;
  /** When the store last answered: a long line of jobs is no reason to give up on a store that works. */
  private lastAnswerAt = 0;
  private deadlineTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly target: EnqueueTarget,
    private readonly timeoutMs: number,
  ) {}

  /**
   * Stores a job.
   * @throws EnqueueUncertainError, StoreUnavailableError, or what the store says of this job
   */
  add(job: PreparedJob): Promise<void> {
    return new Promise((resolve, reject) => {
      const entry = {
        job,
        addedAt: performance.now(),
        resolve,
        reject,
        sent: false,
        settled: false,
      };
      this.waiting.push(entry);
      this.unsettled.add(entry);
      this.deadlineTimer ??= this.armTimer(this.timeoutMs);
      if (!this.flushing) this.startFlushing();
    });
  }

  private startFlushing(): void {
    this.flushing = true;
    // A microtask later, so that calls made in the same turn share the first insert.
    queueMicrotask(() => void this.flushUntilEmpty());
  }

  private async flushUntilEmpty(): Promise<void> {
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, MAX_BATCH).filter((entry) => !entry.settled);
      await this.store(batch);
    }
    this.flushing = false;
  }

  private async store(batch: readonly Entry[]): Promise<void> {
    const live = batch.filter((entry) => !entry.settled);
    if (live.length === 0) return;
    for (const entry of live) entry.sent = true;
    try {
      await this.insert(live);
      for (const entry of live) this.settle(entry, entry.resolve);
    } catch (error) {
      await this.recover(live, error);
    }
  }

  /** Ends when the store answers, or when no caller waits for the answer any more. */
  private insert(batch: readonly Entry[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.inFlight = { batch, giveUp: resolve };
      this.target.insert(batch.map((entry) => entry.job)).then(() => {
        this.lastAnswerAt = performance.now();
        resolve();
      }, reject);
    });
  }

  private async recover(batch: readonly Entry[], error: unknown): Promise<void> {
    if (this.target.isConnectionError(error)) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE_MS).unref());
      return this.store(batch);
    }
    this.lastAnswerAt = performance.now();
    if (batch.length === 1) {
      this.settle(batch[0]!, () => batch[0]!.reject(error));
      return;
    }
    const middle = batch.length >> 1;
    await this.store(batch.slice(0, middle));
    await this.store(batch.slice(middle));
  }

  private settle(entry: Entry, how: () => void): void {
    if (entry.settled) return;
    entry.settled = true;
    this.unsettled.delete(entry);
    how();
    if (this.unsettled.size > 0) return;
    clearTimeout(this.deadlineTimer);
    this.deadlineTimer = undefined;
  }

  private armTimer(ms: number): NodeJS.Timeout {
    return setTimeout(() => this.rejectOverdue(), ms);
  }

  private rejectOverdue(): void {
    this.deadlineTimer = undefined;
    const now = performance.now();
    for (const entry of this.unsettled) {
      const deadline = Math.max(entry.addedAt, this.lastAnswerAt) + this.timeoutMs;
      if (deadline > now) {
        this.deadlineTimer = this.armTimer(deadline - now);
        break;
      }
      this.settle(entry, () => entry.reject(this.timeoutError(entry)));
    }
    this.waiting = this.waiting.filter((entry) => !entry.settled);
    if (this.inFlight?.batch.every((entry) => entry.settled)) this.inFlight.giveUp();
  }

  private timeoutError({ job, sent }: Entry): Error {
    const reason = `the store did not answer within ${this.timeoutMs} ms`;
    return sent
      ? new EnqueueUncertainError(job.id, job, reason)
      : new StoreUnavailableError(`store ${describeJob(job)}`, reason);
  }
}
