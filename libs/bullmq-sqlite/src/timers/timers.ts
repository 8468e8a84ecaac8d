import { natives } from './natives.js';

/** Node fires timers beyond this at once, in ms: 24.8 days. */
const LONGEST_PART_MS = 2 ** 31 - 1;

/** What is called after a while. */
export interface Timer {
  /** It is not called any more. */
  stop(): void;
  /** The process may end before. */
  unref(): this;
}

/** Calls back once, after any number of ms. */
export function after(ms: number, action: () => void): Timer {
  return new PartedTimer(ms, action);
}

/** Calls back every so many ms, until it is stopped. */
export function every(ms: number, action: () => void): Timer {
  const timer: PartedTimer = new PartedTimer(ms, () => {
    timer.arm(ms);
    action();
  });
  return timer;
}

/** Waits. @param background - the process may end before */
export function pause(ms: number, { background = false } = {}): Promise<void> {
  return new Promise((resolve) => {
    const timer = after(ms, resolve);
    if (background) timer.unref();
  });
}

/** Calls back in the next turn of the event loop. */
export function inNextTurn(action: () => void): void {
  natives.setImmediate(action);
}

/** Waits for the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => natives.setImmediate(resolve));
}

/** Milliseconds on a clock that nobody sets, from some moment in the past. */
export function monotonicNow(): number {
  return natives.monotonicNow();
}

/** Milliseconds on the clock of this machine that nobody sets, the same in all of its processes. */
export function machineNow(): number {
  return natives.monotonicNow() + natives.machineOffset;
}

class PartedTimer implements Timer {
  private part: NodeJS.Timeout | undefined;
  private isBackground = false;

  constructor(
    ms: number,
    private readonly action: () => void,
  ) {
    this.arm(ms);
  }

  arm(ms: number): void {
    const partMs = Math.min(ms, LONGEST_PART_MS);
    const onEnd = ms > partMs ? () => this.arm(ms - partMs) : this.action;
    this.part = natives.setTimeout(onEnd, partMs);
    if (this.isBackground) this.part.unref();
  }

  stop(): void {
    natives.clearTimeout(this.part);
  }

  unref(): this {
    this.isBackground = true;
    this.part?.unref();
    return this;
  }
}
