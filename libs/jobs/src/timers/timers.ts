import { natives } from './natives.js';

/** Node fires timers beyond this at once, in ms: 24.8 days. */
const LONGEST_PART_MS = 2 ** 31 - 1;

/** What is called after a while. @internal */
export interface Timer {
  /** It is not called any more. */
  stop(): void;
  /** The process may end before. */
  unref(): this;
}

/** Calls back once, after any number of ms. @internal */
export function after(ms: number, action: () => void): Timer {
  return new PartedTimer(ms, action);
}

/** Calls back every so many ms, until it is stopped. @internal */
export function every(ms: number, action: () => void): Timer {
  const timer: PartedTimer = new PartedTimer(ms, () => {
    timer.arm(ms);
    action();
  });
  return timer;
}

/**
 * Waits.
 * @param signal ends the wait at once; that is no error
 * @param background the process may end before
 * @internal
 */
export function pause(
  ms: number,
  { signal, background = false }: { signal?: AbortSignal | undefined; background?: boolean } = {},
): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      timer.stop();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = after(ms, end);
    if (background) timer.unref();
    signal?.addEventListener('abort', end, { once: true });
  });
}

/** Calls back in the next turn of the event loop. @internal */
export function inNextTurn(action: () => void): void {
  natives.setImmediate(action);
}

/** Waits for the next turn of the event loop. @internal */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => natives.setImmediate(resolve));
}

/** Calls back when the code that runs now has ended. @internal */
export function soon(action: () => void): void {
  natives.queueMicrotask(action);
}

/**
 * A time for a driver, which gives it to a timer of Node's: none can be longer than that. @internal
 */
export function forDriver(ms: number): number {
  return Math.min(ms, LONGEST_PART_MS);
}

/** Milliseconds on a clock that nobody sets, from some moment in the past. @internal */
export function monotonicNow(): number {
  return natives.monotonicNow();
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
