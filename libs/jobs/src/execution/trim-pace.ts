import type { KeepJobs } from 'bullmq';
import { monotonicNow } from '../timers/index.js';

/**
 * How many more jobs than it keeps a queue may hold before they are removed, as a part of that
 * number.
 */
const EXCESS = 0.01;

/** Removing more at once would keep the store from its other work. */
const MOST_AT_ONCE = 100;

/** Longest time that a queue is not trimmed while jobs of it finish. */
const INTERVAL_MS = 100;

/**
 * Has the jobs that are kept no longer removed by one finish of many. BullMQ looks for them at
 * every finish, which is a tenth of what a small job costs the store.
 * @internal
 */
export class TrimPace {
  private readonly every: number;
  private finishes = 0;
  private trimmedAt = -Infinity;

  /** @param keep what a queue keeps of its finished jobs; undefined = all */
  constructor(private readonly keep: KeepJobs | undefined) {
    const count = keep?.count ?? Infinity;
    this.every = Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(count * EXCESS)));
  }

  /** What to keep at the end of a job; false = remove nothing now. */
  next(): KeepJobs | false {
    if (this.keep === undefined) return false;
    const now = monotonicNow();
    if (++this.finishes < this.every && now - this.trimmedAt < INTERVAL_MS) return false;
    this.finishes = 0;
    this.trimmedAt = now;
    return this.keep;
  }
}
