import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../contracts/index.js';
import type { StoreCalls } from '../enqueueing/index.js';
import { TickClock } from './tick-clock.js';

const MINUTE = 60_000;

describe("the store's clock", () => {
  afterEach(() => vi.restoreAllMocks());

  it('does not jump with the clock of the process, and asks to be adjusted', async () => {
    const realNow = Date.now.bind(Date);
    const engine = { store: { now: async () => realNow() - MINUTE } } as unknown as Engine;
    const calls = { read: async (_: string, read: () => unknown) => read() } as StoreCalls;
    const clock = new TickClock(calls, engine);
    await clock.adjust();
    const isStoreTime = () => Math.abs(clock.now() - (realNow() - MINUTE)) < 100;
    expect(isStoreTime()).toBe(true);
    expect(clock.isDoubtful).toBe(false);
    vi.spyOn(Date, 'now').mockImplementation(() => realNow() + 60 * MINUTE);
    expect(isStoreTime()).toBe(true);
    expect(clock.isDoubtful).toBe(true);
    await clock.adjust();
    expect(isStoreTime()).toBe(true);
    expect(clock.isDoubtful).toBe(false);
  });
});
