import { Injectable } from '@nestjs/common';
import { currentJob, type JobInfo, type RunningJob } from '../contracts/index.js';
import { NoJobContextError } from '../errors/index.js';
import { parseDuration, type Duration } from '../options/index.js';
import { toStorableResult, toStorableText } from '../payload/index.js';

/**
 * The job that the calling code runs in. One injectable instance serves all jobs: it follows the
 * asynchronous call chain, so any provider can use it, and handlers keep their own parameters.
 *
 * @example
 * ```ts
 * constructor(private readonly context: JobContext) {}
 *
 * @Job()
 * async export(): Promise<void> {
 *   for await (const page of this.pages({ signal: this.context.signal })) {
 *     await this.context.progress(page.percent);
 *   }
 * }
 * ```
 * @publicApi
 */
@Injectable()
export class JobContext implements JobInfo {
  /** Whether the calling code runs in a job; all other members throw when it does not. */
  get isActive(): boolean {
    return currentJob.getStore() !== undefined;
  }

  /** @throws NoJobContextError outside a job, as every member below */
  get id(): string {
    return this.current('id').id;
  }

  get name(): string {
    return this.current('name').name;
  }

  get queue(): string {
    return this.current('queue').queue;
  }

  /** 1 for the first attempt. Shutdowns, crashes and waits do not count. */
  get attempt(): number {
    return this.current('attempt').attempt;
  }

  get attempts(): number {
    return this.current('attempts').attempts;
  }

  /**
   * Aborted when the job should stop; its `reason` is a JobTimeoutError, JobCancelledError,
   * ShutdownError or LockLostError. Give it to fetch, timers, streams and database calls.
   */
  get signal(): AbortSignal {
    return this.current('signal').signal;
  }

  /** Stores how far the job is: a percentage, or any small object. */
  progress(value: number | object): Promise<void> {
    return this.current('progress()').progress(
      toStorableResult(value, Number.MAX_SAFE_INTEGER).value as number | object,
    );
  }

  /** Appends a line to the job's own log, which is kept with it. */
  log(line: string): Promise<void> {
    return this.current('log()').log(toStorableText(line));
  }

  /**
   * Keeps the job's lock this much longer, before a stretch of work that blocks the event loop.
   * Otherwise the lock is renewed by itself.
   * @throws TypeError when `duration` is no duration
   */
  extend(duration: Duration): Promise<void> {
    const ms = parseDuration(duration);
    if (ms === undefined)
      throw new TypeError(`JobContext.extend() expected a duration, got ${String(duration)}`);
    return this.current('extend()').extend(ms);
  }

  private current(member: string): RunningJob {
    const job = currentJob.getStore();
    if (job === undefined) throw new NoJobContextError(member);
    return job;
  }
}
