import { Injectable } from '@nestjs/common';
import type { JobRun } from './job-run.js';

/**
 * The runs of this process, by queue and id.
 * @internal
 */
@Injectable()
export class RunningJobs {
  private readonly runs = new Map<string, JobRun>();
  private idle: (() => void)[] = [];

  get size(): number {
    return this.runs.size;
  }

  add(run: JobRun): void {
    this.runs.set(keyOf(run.queue, run.id), run);
  }

  remove(run: JobRun): void {
    const key = keyOf(run.queue, run.id);
    // A job that lost its lock may run here twice; only the newer run is listed.
    if (this.runs.get(key) === run) this.runs.delete(key);
    if (this.runs.size > 0) return;
    for (const resolve of this.idle.splice(0)) resolve();
  }

  find(queue: string, id: string): JobRun | undefined {
    return this.runs.get(keyOf(queue, id));
  }

  all(): readonly JobRun[] {
    return [...this.runs.values()];
  }

  /** Resolves when nothing runs, or after `timeoutMs`. @returns whether nothing runs */
  whenIdle(timeoutMs: number): Promise<boolean> {
    if (this.runs.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.runs.size === 0), timeoutMs);
      this.idle.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}

function keyOf(queue: string, id: string): string {
  return `${queue}:${id}`;
}
