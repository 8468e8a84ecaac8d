import { Injectable } from '@nestjs/common';
import type { BackendFactory } from 'bullmq';
import { monotonicNow, nextTurn, pause } from '../timers/index.js';

/**
 * For so long a server that has handed a job over takes no part in the wait for jobs, in ms: enough
 * for another one to claim what was made ready for it. Its own jobs are that much late at most, and
 * only if it is idle.
 */
const SHORTEST_MS = 200;
const LONGEST_MS = 2_000;

/**
 * As measured in the time that it took to hand the job over: a store that is slow is slow for the
 * other server too.
 */
const TIMES = 5;

/**
 * Lets other servers go first in a queue from which this one has handed over jobs: all idle workers
 * hear of a job that is made ready, and those without its handler are as fast as those with it.
 * @internal
 */
@Injectable()
export class ClaimYield {
  private readonly until = new Map<string, number>();

  /**
   * A job of the queue was claimed that this server cannot run. @param tookMs how long it took to
   * hand it over
   */
  note(queue: string, tookMs = 0): void {
    const yieldMs = Math.min(Math.max(tookMs * TIMES, SHORTEST_MS), LONGEST_MS);
    this.until.set(queue, monotonicNow() + yieldMs);
  }

  /** Makes backends whose worker waits for jobs later, while it is to yield. */
  in(queue: string, factory: BackendFactory): BackendFactory {
    return (...args) => {
      const backend = factory(...args);
      const wait = backend.waitForJob.bind(backend);
      backend.waitForJob = async (timeout) => {
        // The job that was claimed last may be met in this very turn of the event loop.
        if (this.until.size > 0) await nextTurn();
        for (;;) {
          const yieldMs = (this.until.get(queue) ?? 0) - monotonicNow();
          if (yieldMs <= 0) break;
          await pause(yieldMs);
        }
        this.until.delete(queue);
        return wait(timeout);
      };
      return backend;
    };
  }
}
