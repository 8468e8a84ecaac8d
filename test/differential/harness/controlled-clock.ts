import { vi } from 'vitest';

/** Where every sequence starts: 13 digits, as the times of our days. */
export const START_OF_TIME = 1_700_000_000_000;

/**
 * What Date.now() and new Date() say, for both sides at once. Timers stay real: sockets and the
 * writers' queues need them.
 */
export class ControlledClock {
  private constructor() {}

  static take(): ControlledClock {
    vi.useFakeTimers({ toFake: ['Date'], now: START_OF_TIME });
    return new ControlledClock();
  }

  set(now: number): void {
    vi.setSystemTime(now);
  }

  giveBack(): void {
    vi.useRealTimers();
  }
}
