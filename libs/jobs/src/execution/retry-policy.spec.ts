import { describe, expect, it, vi } from 'vitest';
import type { BackoffFunction, BackoffOptions } from '../options/index.js';
import { pauseBeforeRetry } from './retry-policy.js';

const error = new Error('x');
const never = () => 0;
const always = () => 1;

const pauses = (backoff: BackoffOptions | BackoffFunction, attempts: number, random = never) =>
  Array.from({ length: attempts }, (_, i) => pauseBeforeRetry(backoff, i + 1, error, random));

describe('the pause before a retry', () => {
  it('is the same each time when fixed', () => {
    expect(pauses({ type: 'fixed', delay: '5s' }, 3)).toEqual([5_000, 5_000, 5_000]);
  });

  it('doubles when exponential, up to the longest', () => {
    expect(pauses({ type: 'exponential', delay: 100, maxDelay: 1_000 }, 6)).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
  });

  it('starts at a second and ends at an hour where nothing is said', () => {
    const all = pauses({ type: 'exponential' }, 20);
    expect(all.slice(0, 3)).toEqual([1_000, 2_000, 4_000]);
    expect(all.at(-1)).toBe(3_600_000);
  });

  it('follows explicit delays, the last one repeated', () => {
    expect(pauses({ type: 'delays', delays: [0, '1s', 'PT1M'] }, 5)).toEqual([
      0, 1_000, 60_000, 60_000, 60_000,
    ]);
  });

  it('never passes the longest, also when fixed', () => {
    expect(pauses({ type: 'fixed', delay: '2h', maxDelay: '1h' }, 1)).toEqual([3_600_000]);
  });

  it('is what was asked for, also when that is longer than the default of the longest', () => {
    expect(pauses({ type: 'fixed', delay: '2 hours' }, 2, always)).toEqual([7_200_000, 7_200_000]);
    expect(pauses({ type: 'exponential', delay: '2h' }, 2)).toEqual([7_200_000, 7_200_000]);
  });

  it.each([
    ['fixed', 0, 0, 8_000],
    ['fixed', 0, 1, 8_000],
    ['fixed', 0.25, 1, 6_000],
    ['fixed', 0.5, 0.5, 6_000],
    ['fixed', 1, 1, 0],
    ['fixed', undefined, 1, 8_000],
    ['exponential', undefined, 1, 4_000],
    ['exponential', 0, 1, 8_000],
  ] as const)(
    '%s, with jitter %s and a random %s is %s ms of 8,000',
    (type, jitter, random, ms) => {
      const backoff = { type, delay: 8_000, jitter };
      expect(pauseBeforeRetry(backoff, 1, error, () => random)).toBe(ms);
    },
  );

  it('is never longer than without jitter, and never negative', () => {
    for (let i = 0; i < 1_000; i++) {
      const pause = pauseBeforeRetry({ type: 'exponential', delay: 1_000, jitter: 1 }, 3, error)!;
      expect(pause).toBeGreaterThanOrEqual(0);
      expect(pause).toBeLessThanOrEqual(4_000);
    }
  });

  it('differs between jobs that failed together', () => {
    const backoff = { type: 'exponential', delay: 1_000_000 } as const;
    const all = Array.from({ length: 50 }, () => pauseBeforeRetry(backoff, 1, error));
    expect(new Set(all).size).toBeGreaterThan(40);
  });

  it.each([100, 1_025, 5_000])('is a whole number at attempt %d', (attempt) => {
    for (const delay of [0, 1, '1s']) {
      const pause = pauseBeforeRetry({ type: 'exponential', delay }, attempt, error, always)!;
      expect(Number.isSafeInteger(pause)).toBe(true);
    }
  });
});

describe('a backoff function', () => {
  it('is asked with the attempt that failed and its error', () => {
    const backoff = vi.fn<BackoffFunction>(() => '5s');
    expect(pauseBeforeRetry(backoff, 3, error)).toBe(5_000);
    expect(backoff).toHaveBeenCalledExactlyOnceWith(3, error);
  });

  it('stops retrying with false', () => {
    expect(pauseBeforeRetry(() => false, 1, error)).toBeUndefined();
  });

  it.each<[unknown]>([
    [Number.NaN],
    [-5],
    ['soon'],
    [undefined],
    [null],
    [Infinity],
    [Promise.resolve(5)],
  ])('that answers %s has a fault, for which it is told of and replaced', (answer) => {
    expect(() => pauseBeforeRetry(() => answer as number, 1, error)).toThrow(
      /expected "backoff" to return a duration or false, got/,
    );
  });
});
