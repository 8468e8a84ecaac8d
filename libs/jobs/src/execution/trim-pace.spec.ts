import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TrimPace } from './trim-pace.js';
import { readNativesAgain } from '../timers/index.js';

describe('the trimming of finished jobs', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['performance'] });
    readNativesAgain();
  });
  afterEach(() => {
    vi.useRealTimers();
    readNativesAgain();
  });

  const answers = (pace: TrimPace, times: number) =>
    Array.from({ length: times }, () => pace.next() !== false);
  const trims = (pace: TrimPace, times: number) => answers(pace, times).filter(Boolean).length;

  it.each([
    ['every finish of few jobs', { count: 100 }, 1_000, 1_000],
    ['every tenth of a thousand', { count: 1_000 }, 1_000, 100],
    ['every hundredth of ten thousand', { count: 10_000 }, 10_000, 100],
    ['every hundredth of more', { count: 1_000_000 }, 10_000, 100],
    ['every hundredth where an age alone is given', { age: 60 }, 10_000, 100],
  ])('is done by %s', (_what, keep, finishes, expected) => {
    expect(trims(new TrimPace(keep), finishes)).toBe(expected);
  });

  it('is done by the first finish, and by the next one after a tenth of a second', () => {
    const pace = new TrimPace({ count: 10_000 });
    expect(answers(pace, 3)).toEqual([true, false, false]);
    vi.advanceTimersByTime(99);
    expect(answers(pace, 1)).toEqual([false]);
    vi.advanceTimersByTime(1);
    expect(answers(pace, 2)).toEqual([true, false]);
  });

  it('passes on what to keep', () => {
    const keep = { count: 5, age: 60 };
    expect(new TrimPace(keep).next()).toBe(keep);
  });

  it('is never done where all are kept', () => {
    expect(trims(new TrimPace(undefined), 1_000)).toBe(0);
  });
});
