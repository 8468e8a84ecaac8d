import type { KeepJobs, Queue } from 'bullmq';
import type { KeptJobs } from '../discovery/index.js';
import { pause } from '../timers/index.js';
import type { Repair } from './repair.js';

/** As many jobs are removed at once, in one operation of the store. */
const STEP = 1_000;

/** Between two operations the store has time for others, in ms. */
const PAUSE_MS = 20;
const PAUSE_AFTER_FAILURE_MS = 1_000;

/**
 * Brings a queue down to the number of finished jobs that it keeps, in steps. Where that number was
 * lowered, the first job that finishes would have all others removed in one operation, which holds
 * Redis for seconds.
 * @internal
 */
export class ExcessRemoval {
  /** @param signal removes no more from then on */
  constructor(
    private readonly queue: Queue,
    private readonly repair: Repair,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * Ends when no more is left than is kept, or at the signal; a store that is lost is waited for.
   */
  async reduceTo({ removeOnComplete, removeOnFail }: KeptJobs): Promise<void> {
    const round = async (): Promise<void> => {
      await this.reduce('completed', removeOnComplete);
      await this.reduce('failed', removeOnFail);
    };
    while (!this.signal.aborted && !(await this.repair.round(round)))
      await pause(PAUSE_AFTER_FAILURE_MS, { signal: this.signal });
  }

  private async reduce(state: 'completed' | 'failed', keep: KeepJobs | false): Promise<void> {
    const most = (keep || undefined)?.count;
    if (most === undefined) return;
    let excess = (await this.queue.getJobCountByTypes(state)) - most;
    while (excess > 0 && !this.signal.aborted) {
      const removed = await this.queue.clean(0, Math.min(STEP, excess), state);
      // What is left is kept for another job's sake.
      if (removed.length === 0) return;
      excess -= removed.length;
      await pause(PAUSE_MS, { signal: this.signal });
    }
  }
}

/** What is kept, but for the number. @internal */
export function withoutCounts({ removeOnComplete, removeOnFail }: KeptJobs): KeptJobs {
  return {
    removeOnComplete: withoutCount(removeOnComplete),
    removeOnFail: withoutCount(removeOnFail),
  };
}

function withoutCount(keep: KeepJobs | false): KeepJobs | false {
  return keep && 'age' in keep ? { age: keep.age } : false;
}
