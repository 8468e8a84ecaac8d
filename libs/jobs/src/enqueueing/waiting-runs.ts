import { Inject, Injectable } from '@nestjs/common';
import { currentJob } from '../calling/index.js';
import type { RunningJob } from '../contracts/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { monotonicNow } from '../timers/index.js';

/** What takes no longer is not worth a word, in ms: the last slot may be freed at any moment. */
const PATIENCE_MS = 1_000;

/** Between two warnings for one queue, in ms. */
const QUIET_MS = 60_000;

/**
 * Handlers that wait for the result of a job in their own queue. Each holds a slot of it, and the
 * job needs one: when all slots are held by those who wait, nothing moves in this process, without
 * a word.
 * @internal
 */
@Injectable()
export class WaitingRuns {
  /** By queue, how many results each run waits for. */
  private readonly waiting = new Map<string, Map<RunningJob, number>>();
  private readonly warnedAt = new Map<string, number>();

  constructor(
    private readonly logger: JobLogger,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Notes that the calling code begins to wait; to be ended by `end()`, and looked at by `look()`
   * meanwhile.
   */
  begin(queue: string): { look(isStarted: () => Promise<boolean>): Promise<void>; end(): void } {
    const run = currentJob.getStore();
    if (run?.queue !== queue) return { look: () => Promise.resolve(), end: () => undefined };
    const runs = this.waiting.get(queue) ?? new Map<RunningJob, number>();
    this.waiting.set(queue, runs);
    runs.set(run, (runs.get(run) ?? 0) + 1);
    const since = monotonicNow();
    return {
      look: async (isStarted) => {
        if (monotonicNow() - since < PATIENCE_MS || runs.size < this.slotsOf(queue)) return;
        const warnedAt = this.warnedAt.get(queue) ?? -Infinity;
        if (monotonicNow() - warnedAt < QUIET_MS) return;
        // Before the answer: the others look at the same time.
        this.warnedAt.set(queue, monotonicNow());
        if (await isStarted()) this.warnedAt.delete(queue);
        else this.logger.warn(messages.slotsWait(queue, runs.size), run);
      },
      end: () => {
        const left = runs.get(run)! - 1;
        if (left > 0) runs.set(run, left);
        else runs.delete(run);
      },
    };
  }

  private slotsOf(queue: string): number {
    return (this.options.queues.get(queue) ?? this.options).concurrency;
  }
}
