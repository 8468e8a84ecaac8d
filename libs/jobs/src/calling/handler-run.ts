import { AsyncLocalStorage } from 'node:async_hooks';
import type { RunningJob } from '../contracts/index.js';
import { JobTimeoutError } from '../errors/index.js';
import { after, monotonicNow, type Timer } from '../timers/index.js';
import { currentJob } from './current-job.js';

/**
 * One run of one handler: its signal, its timers and its forced end. What it runs for, and where
 * progress and log lines go, is its subclass's matter.
 * @internal
 */
export abstract class HandlerRun implements RunningJob {
  abstract readonly id: string;
  abstract readonly name: string;
  abstract readonly queue: string;
  abstract readonly attempt: number;
  abstract readonly attempts: number;
  readonly startedAt = monotonicNow();
  /** Why the run was aborted; undefined while nobody did. */
  abortReason: Error | undefined;
  /** Set when another attempt makes no sense: a guard's denial, a cancellation. */
  unrecoverable = false;
  private controller: AbortController | undefined;
  /** Enters the context of the handler, as it was when it asked for the signal. */
  private inContext: ReturnType<typeof AsyncLocalStorage.snapshot> | undefined;
  private isOver = false;
  private forceEnd: ((reason: Error) => void) | undefined;
  private timers: Timer[] | undefined;

  /** Made on first use: most handlers never ask, and a controller costs as much as a small job. */
  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      this.inContext = currentJob.run(this, () => AsyncLocalStorage.snapshot());
      if (this.abortReason !== undefined) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  get elapsedMs(): number {
    return Math.round(monotonicNow() - this.startedAt);
  }

  /** Aborts the signal. The first reason stays. */
  abort(reason: Error): void {
    if (this.abortReason !== undefined) return;
    this.abortReason = reason;
    // Listeners run in the handler's context, wherever the abort comes from.
    this.inContext?.(() => this.controller!.abort(reason));
  }

  /**
   * Aborts, and ends the run after a grace period even if the handler ignores the signal.
   * (JavaScript cannot stop it: it goes on, but its outcome counts no more.)
   */
  abortWithin(reason: Error, graceMs: number): void {
    this.abort(reason);
    this.after(graceMs, () => this.endNow());
  }

  /** Aborts the run when it lasts longer than its handler may, as {@link abortWithin} does. */
  limitTo(timeoutMs: number | undefined, graceMs: number): void {
    if (timeoutMs === undefined) return;
    this.after(timeoutMs, () => this.abortWithin(new JobTimeoutError(timeoutMs, this), graceMs));
  }

  /** Ends the run at once, whatever the handler does. */
  endNow(): void {
    if (this.abortReason === undefined) return;
    this.isOver = true;
    this.forceEnd?.(this.abortReason);
  }

  /** Calls back after a while, unless the run ends before. */
  after(ms: number, action: () => void): void {
    (this.timers ??= []).push(after(ms, action));
  }

  /** Follows what a handler returned, which {@link endNow} can overtake. */
  follow(work: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.forceEnd = reject;
      if (this.isOver) this.endNow();
      // Never resolve(work): from then on work that has a then() decides alone, and nothing
      // overtakes it.
      Promise.resolve(work).then(resolve, reject);
    });
  }

  /** Stops all timers of the run. */
  end(): void {
    this.forceEnd = undefined;
    if (this.timers) for (const timer of this.timers) timer.stop();
  }

  abstract progress(value: number | object): Promise<void>;
  abstract log(line: string): Promise<void>;
  abstract extend(durationMs: number): Promise<void>;
}
