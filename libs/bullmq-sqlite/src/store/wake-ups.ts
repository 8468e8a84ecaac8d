import { after, every, monotonicNow, type Timer } from '../timers/index.js';
/** How often an idle process looks whether another one wrote to the file, in ms. */
const LOOK_MS = 25;

/** How often the clock is looked at where nothing else is. */
const CLOCK_LOOK_MS = 250;

/**
 * A wall clock that went this far from the monotonic one was set, or the machine was asleep, in ms.
 */
const STEP_MS = 500;

/** A wait that is going on. */
export interface Wait {
  /** Settles when it is woken (true) or its time is over (false). */
  readonly over: Promise<boolean>;
  /** Ends the wait at once. */
  end(): void;
}

interface Sleeper {
  queue: string;
  wake: (woken: boolean) => void;
}

/**
 * Wakes who waits for a queue to change: directly after a commit of this process, and within
 * `LOOK_MS` of a commit of another one, which is seen by a cheap look at the file; and all when the
 * clock was set, by which delayed jobs are due. Nothing runs while nobody waits.
 */
export class WakeUps {
  readonly #sleepers = new Set<Sleeper>();
  #looking: Timer | undefined;
  #wallOffset = wallOffset();

  /**
   * @param look - looks at the file, and calls `allChanged`; undefined when nobody else can write
   *   to it.
   */
  constructor(private readonly look: (() => void) | undefined) {}

  /**
   * Waits until the queue has changed, at most `milliseconds`. @param background - the process may
   * end before
   */
  wait(queue: string, milliseconds: number, background = false): Wait {
    let settle!: (woken: boolean) => void;
    const over = new Promise<boolean>((resolve) => (settle = resolve));
    const wake = (woken: boolean): void => {
      timer.stop();
      this.#sleepers.delete(sleeper);
      this.#watch();
      settle(woken);
    };
    const sleeper: Sleeper = { queue, wake };
    const timer = after(milliseconds, () => wake(false));
    if (background) timer.unref();
    this.#sleepers.add(sleeper);
    this.#watch();
    return { over, end: () => wake(false) };
  }

  /** Wakes all who wait for this queue. */
  changed(queue: string): void {
    for (const sleeper of this.#sleepers) if (sleeper.queue === queue) sleeper.wake(true);
  }

  /** Wakes everybody: another process wrote, and only looking at the tables tells what. */
  allChanged(): void {
    for (const sleeper of this.#sleepers) sleeper.wake(true);
  }

  #watch(): void {
    if (this.#sleepers.size === 0) {
      this.#looking?.stop();
      this.#looking = undefined;
    } else if (this.#looking === undefined) {
      const interval = this.look === undefined ? CLOCK_LOOK_MS : LOOK_MS;
      // The wait's own timer keeps the process alive.
      this.#looking = every(interval, this.#lookAround).unref();
    }
  }

  readonly #lookAround = (): void => {
    this.look?.();
    const now = wallOffset();
    if (Math.abs(now - this.#wallOffset) < STEP_MS) return;
    this.#wallOffset = now;
    this.allChanged();
  };
}

function wallOffset(): number {
  return Date.now() - monotonicNow();
}
