import { Injectable } from '@nestjs/common';
import type { HandlerRun } from '../calling/index.js';
import { after } from '../timers/index.js';
import type { JobRun } from './job-run.js';

/**
 * The runs of this process: of jobs, and of ticks that are no jobs.
 * @internal
 */
@Injectable()
export class RunningJobs {
  private readonly runs = new Set<HandlerRun>();
  private idle: (() => void)[] = [];

  get size(): number {
    return this.runs.size;
  }

  add(run: HandlerRun): void {
    this.runs.add(run);
  }

  remove(run: HandlerRun): void {
    this.runs.delete(run);
    if (this.runs.size > 0 || this.idle.length === 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  /** The run of a job; the newer one where a job that lost its lock runs here twice. */
  find(queue: string, id: string): JobRun | undefined {
    // Of all runs, only those of jobs have the name of a queue.
    return this.all().findLast((run) => run.id === id && run.queue === queue) as JobRun | undefined;
  }

  /** All runs, oldest first. */
  all(): readonly HandlerRun[] {
    return [...this.runs];
  }

  /** Resolves when nothing runs, or after `timeoutMs`. @returns whether nothing runs */
  whenIdle(timeoutMs: number): Promise<boolean> {
    if (this.runs.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = after(timeoutMs, () => resolve(this.runs.size === 0));
      this.idle.push(() => {
        timer.stop();
        resolve(true);
      });
    });
  }
}
