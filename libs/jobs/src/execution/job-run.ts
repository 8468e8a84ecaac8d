import type { Job } from 'bullmq';
import { currentJob, type RunningJob } from '../contracts/index.js';
import type { Handler } from '../discovery/index.js';
import type { StoredPayload } from '../payload/index.js';

/**
 * One run of one job, from claim to settlement.
 * @internal
 */
export class JobRun implements RunningJob {
  readonly startedAt = performance.now();
  /**
   * BullMQ's `attemptsStarted` also counts parks and give-backs; attempts that were made do not. Kept,
   * since BullMQ counts this attempt on the job itself when it settles it.
   */
  readonly attempt: number;
  /** Why the run was aborted; undefined while nobody did. */
  abortReason: Error | undefined;
  /** The pause that was chosen after a failed attempt, for the log. */
  retryInMs: number | undefined;
  /** What the handler threw, before it was made storable: `retryIf` wants to see its class. */
  thrown: unknown;
  /** Set when another attempt makes no sense: a guard's denial, a cancellation. */
  unrecoverable = false;
  private controller: AbortController | undefined;
  private isOver = false;
  private forceEnd: ((reason: Error) => void) | undefined;
  private timers: NodeJS.Timeout[] | undefined;

  constructor(
    readonly job: Job<StoredPayload>,
    readonly token: string,
    readonly handler: Handler,
  ) {
    this.attempt = job.attemptsMade + 1;
  }

  get id(): string {
    return this.job.id!;
  }

  get name(): string {
    return this.job.name;
  }

  get queue(): string {
    return this.job.queueName;
  }

  get attempts(): number {
    return this.job.opts.attempts ?? 1;
  }

  /** Made on first use: most handlers never ask, and a controller costs as much as a small job. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  get elapsedMs(): number {
    return Math.round(performance.now() - this.startedAt);
  }

  /** Aborts the signal. The first reason stays. */
  abort(reason: Error): void {
    if (this.abortReason !== undefined) return;
    this.abortReason = reason;
    // Listeners run in the job's context, wherever the abort comes from.
    currentJob.run(this, () => this.controller?.abort(reason));
  }

  /**
   * Aborts, and ends the run after a grace period even if the handler ignores the signal. (JavaScript
   * cannot stop it: it goes on, but its outcome counts no more.)
   */
  abortWithin(reason: Error, graceMs: number): void {
    this.abort(reason);
    this.after(graceMs, () => this.endNow());
  }

  /** Ends the run at once, whatever the handler does. */
  endNow(): void {
    if (this.abortReason === undefined) return;
    this.isOver = true;
    this.forceEnd?.(this.abortReason);
  }

  /** Calls back after a while, unless the run ends before. */
  after(ms: number, action: () => void): void {
    // Node fires timers beyond 24.8 days at once.
    (this.timers ??= []).push(setTimeout(action, Math.min(ms, 2_147_483_647)));
  }

  /** Follows what a handler returned, which {@link endNow} can overtake. */
  follow(work: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.forceEnd = reject;
      if (this.isOver) this.endNow();
      if (work instanceof Promise) work.then(resolve, reject);
      else resolve(work);
    });
  }

  /** Stops all timers of the run. */
  end(): void {
    this.forceEnd = undefined;
    if (this.timers) for (const timer of this.timers) clearTimeout(timer);
  }

  progress(value: number | object): Promise<void> {
    return this.job.updateProgress(value);
  }

  async log(line: string): Promise<void> {
    await this.job.log(line);
  }

  async extend(durationMs: number): Promise<void> {
    await this.job.extendLock(this.token, durationMs);
  }
}

const RUN = Symbol('nestjs-jobs:run');

/** Notes the run of a claimed job on the job itself, which BullMQ's events hand back. @internal */
export function rememberRun(job: object, run: JobRun): void {
  (job as { [RUN]?: JobRun })[RUN] = run;
}

/** The run of a job that this process claimed. @internal */
export function runOf(job: object): JobRun | undefined {
  return (job as { [RUN]?: JobRun })[RUN];
}
