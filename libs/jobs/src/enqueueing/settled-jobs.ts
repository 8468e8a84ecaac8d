import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';
import type { JobHook, JobInfo, RunOutcome } from '../contracts/index.js';

/**
 * Tells, inside one process, that a job of it reached its end: a hint that saves waiting callers a
 * poll. Jobs that end in other processes are not heard of here.
 * @internal
 */
@Injectable()
export class SettledJobs implements JobHook {
  private readonly emitter = new EventEmitter().setMaxListeners(0);
  /** Most jobs end with nobody waiting: then not even a key is made. */
  private waiting = 0;

  onSettled(job: JobInfo, outcome: RunOutcome): void {
    if (this.waiting === 0) return;
    if (outcome.status === 'completed' || outcome.status === 'failed')
      this.emitter.emit(keyOf(job));
  }

  /**
   * Calls back when the job ends in this process.
   * @returns stops listening; to be called once, whether the job ended or not
   */
  listen(job: Pick<JobInfo, 'queue' | 'id'>, listener: () => void): () => void {
    const key = keyOf(job);
    this.waiting += 1;
    this.emitter.on(key, listener);
    return () => {
      this.waiting -= 1;
      this.emitter.off(key, listener);
    };
  }
}

function keyOf({ queue, id }: Pick<JobInfo, 'queue' | 'id'>): string {
  return `${queue}:${id}`;
}
