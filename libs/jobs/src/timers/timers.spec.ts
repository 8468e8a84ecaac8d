import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readNativesAgain } from './natives.js';
import { after, every, inNextTurn, monotonicNow, nextTurn, pause, soon } from './timers.js';

const DAY_MS = 24 * 3_600_000;

describe('timers', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    readNativesAgain();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    readNativesAgain();
  });

  it.each([1, 20_000, 24 * DAY_MS, 60 * DAY_MS, 1_000 * DAY_MS])(
    'call back once, after %i ms',
    (ms) => {
      const action = vi.fn<() => void>();
      after(ms, action);
      vi.advanceTimersByTime(ms - 1);
      expect(action).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(action).toHaveBeenCalledOnce();
    },
  );

  it('call back again and again, until they are stopped', () => {
    const action = vi.fn<() => void>();
    const timer = every(60 * DAY_MS, action);
    vi.advanceTimersByTime(60 * DAY_MS - 1);
    expect(action).not.toHaveBeenCalled();
    vi.advanceTimersByTime(120 * DAY_MS + 1);
    expect(action).toHaveBeenCalledTimes(3);
    timer.stop();
    vi.advanceTimersByTime(120 * DAY_MS);
    expect(action).toHaveBeenCalledTimes(3);
  });

  it('can be stopped by what they call', () => {
    const timer = every(10, () => timer.stop());
    vi.advanceTimersByTime(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('do not end with the first of their parts', () => {
    const action = vi.fn<() => void>();
    const timer = after(Infinity, action);
    vi.advanceTimersByTime(100 * DAY_MS);
    expect(action).not.toHaveBeenCalled();
    timer.stop();
  });

  it('end a pause with its time, or with its signal', async () => {
    const waited = pause(30 * DAY_MS);
    vi.advanceTimersByTime(30 * DAY_MS);
    await expect(waited).resolves.toBeUndefined();
    const cut = new AbortController();
    const ended = pause(30 * DAY_MS, { signal: cut.signal });
    cut.abort();
    await expect(ended).resolves.toBeUndefined();
    await expect(pause(30 * DAY_MS, { signal: cut.signal })).resolves.toBeUndefined();
  });
});

describe('timers of the library', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('go on while the timers of a test stand still', async () => {
    const before = monotonicNow();
    await pause(5);
    await nextTurn();
    await new Promise<void>(inNextTurn);
    await new Promise<void>(soon);
    expect(monotonicNow() - before).toBeGreaterThan(3);
    expect(vi.getTimerCount()).toBe(0);
  });
});
