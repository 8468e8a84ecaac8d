import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { StoreCalls } from '../enqueueing/index.js';
import { monotonicNow } from '../timers/index.js';

/** The wall clock that went this far from the monotonic one was set, or the machine was asleep. */
const MOST_DRIFT_MS = 1_000;

/**
 * The store's time, by which ticks are due: a process whose clock is wrong, or is set while it
 * runs, must not run them early, late, or twice.
 * @internal
 */
@Injectable()
export class TickClock {
  /** Both are added to the monotonic clock, which nobody sets. */
  private offsetMs = wallOffset();
  private wallOffsetMs = this.offsetMs;
  private isMeasured = false;
  /**
   * By how much the store's time went ahead (or back) beyond what this process has seen go by, in
   * ms; 0 for not.
   */
  stepMs = 0;

  constructor(
    private readonly calls: StoreCalls,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /** Unix milliseconds, as of the last `adjust()`. */
  now(): number {
    return Math.round(monotonicNow() + this.offsetMs);
  }

  /**
   * Whether to `adjust()` before the next look: the monotonic clock stands still while the machine
   * sleeps.
   */
  get isDoubtful(): boolean {
    return Math.abs(wallOffset() - this.wallOffsetMs) > MOST_DRIFT_MS;
  }

  /**
   * Compares this process's clock with the store's.
   * @throws StoreUnavailableError
   */
  async adjust(): Promise<void> {
    let before = 0;
    const theirs = await this.calls.read("read the store's clock", () => {
      before = monotonicNow();
      return this.engine.store.now();
    });
    const after = monotonicNow();
    const offsetMs = theirs + (after - before) / 2 - after;
    const stepMs = offsetMs - this.offsetMs;
    if (this.isMeasured && Math.abs(stepMs) > MOST_DRIFT_MS) this.stepMs += stepMs;
    this.isMeasured = true;
    this.offsetMs = offsetMs;
    this.wallOffsetMs = wallOffset();
  }

  /** The step was dealt with. */
  forgetStep(): void {
    this.stepMs = 0;
  }
}

function wallOffset(): number {
  return Date.now() - monotonicNow();
}
