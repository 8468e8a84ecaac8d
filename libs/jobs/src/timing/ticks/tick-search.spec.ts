import { describe, expect, it } from 'vitest';
import { CronExpression } from '../cron/index.js';
import { goOn } from './search.js';
import * as searches from './tick-search.js';
import type { TickSource } from './tick-series.js';

type Ask<T> = (source: TickSource, after: number, until: number) => T;
type AskSome = (source: TickSource, after: number, until: number, limit: number) => number[];

/** Each without a pause. */
const lastTick: Ask<number | undefined> = (...input) =>
  goOn(searches.lastTick(...input), Infinity)!.found;
const countTicks: Ask<number> = (...input) => goOn(searches.countTicks(...input), Infinity)!.found;
const oldestTicks: AskSome = (...input) => goOn(searches.oldestTicks(...input), Infinity)!.found;
const newestTicks: AskSome = (...input) => goOn(searches.newestTicks(...input), Infinity)!.found;

/** Ticks at these moments, and how often it was asked. */
function ticksAt(...all: readonly number[]): TickSource & { asked: number } {
  return {
    asked: 0,
    next(after) {
      this.asked += 1;
      return all.find((tick) => tick > after);
    },
  };
}

const secondly: TickSource = { next: (after) => (Math.floor(after / 1_000) + 1) * 1_000 };

describe('the last tick', () => {
  it.each<[all: readonly number[], after: number, until: number, last: number | undefined]>([
    [[10, 20, 30], 0, 30, 30],
    [[10, 20, 30], 0, 29, 20],
    [[10, 20, 30], 10, 20, 20],
    [[10, 20, 30], 10, 19, undefined],
    [[10, 20, 30], 30, 100, undefined],
    [[10, 20, 30], 0, 9.5, undefined],
    [[10, 11, 12], 0, 11.5, 11],
    [[10], 9, 10, 10],
    [[10], 10, 10, undefined],
    [[], 0, 1e15, undefined],
    [[10, 1e12], 0, 1e15, 1e12],
  ])('of %j in (%d, %d] is %s', (all, after, until, last) => {
    expect(lastTick(ticksAt(...all), after, until)).toBe(last);
  });

  it('is found in some dozens of steps, over years of seconds', () => {
    let asked = 0;
    const source: TickSource = { next: (after) => ((asked += 1), secondly.next(after)) };
    const year = Date.UTC(2027, 0, 1);
    expect(lastTick(source, Date.UTC(2020, 0, 1), year + 999)).toBe(year);
    expect(asked).toBeLessThan(60);
  });
});

describe('the oldest and the newest ticks', () => {
  it.each<[after: number, until: number, limit: number, oldest: number[], newest: number[]]>([
    [0, 50, 2, [10, 20], [40, 50]],
    [0, 49, 2, [10, 20], [30, 40]],
    [10, 50, 10, [20, 30, 40, 50], [20, 30, 40, 50]],
    [0, 50, 5, [10, 20, 30, 40, 50], [10, 20, 30, 40, 50]],
    [20, 29, 3, [], []],
    [20, 30, 1, [30], [30]],
  ])('in (%d, %d], at most %d', (after, until, limit, oldest, newest) => {
    const source = ticksAt(10, 20, 30, 40, 50, 60);
    expect(oldestTicks(source, after, until, limit)).toEqual(oldest);
    expect(newestTicks(source, after, until, limit)).toEqual(newest);
  });

  it('none of nothing', () => {
    expect(oldestTicks(secondly, 0, 10_000, 0)).toEqual([]);
    expect(newestTicks(secondly, 0, 10_000, 0)).toEqual([]);
  });

  it('asks for no tick beyond the limit', () => {
    const source = ticksAt(10, 20, 30);
    oldestTicks(source, 0, 30, 2);
    expect(source.asked).toBe(2);
  });

  it('over long gaps', () => {
    const yearly = CronExpression.parse('@yearly');
    const newest = newestTicks(yearly, Date.UTC(1990, 5, 1), Date.UTC(2026, 5, 1), 3);
    expect(newest).toEqual([2024, 2025, 2026].map((year) => Date.UTC(year, 0, 1)));
  });

  it('from the end, without walking through all that came before', () => {
    let asked = 0;
    const source: TickSource = { next: (after) => ((asked += 1), secondly.next(after)) };
    expect(newestTicks(source, 0, 1e12, 1_000)).toHaveLength(1_000);
    expect(asked).toBeLessThan(5_000);
  });
});

it('ticks are counted up to 10,000', () => {
  expect(countTicks(secondly, 0, 9_999_000)).toBe(9_999);
  expect(countTicks(secondly, 0, 10_000_000)).toBe(10_000);
  expect(countTicks(secondly, 0, 1e12)).toBe(10_000);
  expect(countTicks(ticksAt(10, 20), 10, 15)).toBe(0);
});
