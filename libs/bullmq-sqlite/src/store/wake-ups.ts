/** How often an idle process looks whether another one wrote to the file, in ms. */
const LOOK_MS = 25;

/** Node's timers overflow beyond this. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

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
 * Wakes who waits for a queue to change: directly after a commit of this process, and within `LOOK_MS` of a
 * commit of another one, which is seen by a cheap look at the file. Nothing runs while nobody waits.
 */
export class WakeUps {
  readonly #sleepers = new Set<Sleeper>();
  #looking: NodeJS.Timeout | undefined;

  /** @param look - looks at the file, and calls `allChanged`; undefined when nobody else can write to it. */
  constructor(private readonly look: (() => void) | undefined) {}

  /** Waits until the queue has changed, at most `milliseconds`. */
  wait(queue: string, milliseconds: number): Wait {
    let settle!: (woken: boolean) => void;
    const over = new Promise<boolean>((resolve) => (settle = resolve));
    const wake = (woken: boolean): void => {
      clearTimeout(timer);
      this.#sleepers.delete(sleeper);
      this.#watch();
      settle(woken);
    };
    const sleeper: Sleeper = { queue, wake };
    const timer = setTimeout(wake, Math.min(milliseconds, LONGEST_TIMER_MS), false);
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
      clearInterval(this.#looking);
      this.#looking = undefined;
    } else if (this.#looking === undefined && this.look !== undefined) {
      this.#looking = setInterval(this.look, LOOK_MS);
      // The wait's own timer keeps the process alive.
      this.#looking.unref();
    }
  }
}
