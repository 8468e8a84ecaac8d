import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StoreClock } from './store-clock.js';

describe("the estimate of the store's clock", () => {
  let monotonic: number;

  beforeEach(() => {
    monotonic = 500;
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
  });
  afterEach(() => vi.useRealTimers());

  function pass(ms: number): void {
    monotonic += ms;
    vi.setSystemTime(Date.now() + ms);
  }

  /** A measurement that took 40 ms, by a store whose clock differs from ours. */
  function measured(difference: number): StoreClock {
    const clock = new StoreClock(() => monotonic);
    const sentAt = monotonic;
    const storeMs = Date.now() + 20 + difference;
    pass(40);
    clock.record(storeMs, sentAt, monotonic);
    return clock;
  }

  it('is this clock before the first measurement', () => {
    expect(new StoreClock().offset).toBe(0);
    expect(new StoreClock().isStale).toBe(true);
  });

  it('takes the answer to have been given half way', () => {
    expect(measured(60_000).offset).toBe(60_000);
    expect(measured(-60_000).offset).toBe(-60_000);
  });

  it('ignores what may be jitter', () => {
    expect(measured(80).offset).toBe(0);
  });

  it('does not follow a wall clock that is set', () => {
    const clock = measured(0);
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(clock.offset).toBe(-3_600_000);
    vi.setSystemTime(Date.now() - 7_200_000);
    expect(clock.offset).toBe(3_600_000);
  });

  it('asks for a new measurement after a while', () => {
    const clock = measured(0);
    expect(clock.isStale).toBe(false);
    pass(31_000);
    expect(clock.isStale).toBe(true);
  });
});
