import { describe, expect, it } from 'vitest';
import { parseDuration } from './duration.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('a duration', () => {
  it.each([
    [0, 0],
    [250, 250],
    [1.5, 2],
    ['250ms', 250],
    ['0s', 0],
    ['10 sec', 10 * SECOND],
    ['1.5 minutes', 90 * SECOND],
    ['1h 30m', 90 * MINUTE],
    ['1h30m', 90 * MINUTE],
    ['1 day, 2 hours', DAY + 2 * HOUR],
    ['3 days', 3 * DAY],
    ['2 weeks', 14 * DAY],
    ['  5 MINUTES ', 5 * MINUTE],
    ['PT1H', HOUR],
    ['P1DT12H', 36 * HOUR],
    ['P2W', 14 * DAY],
    ['PT0.25S', 250],
    ['pt1m', MINUTE],
  ])('%j is %d ms', (input, ms) => {
    expect(parseDuration(input)).toBe(ms);
  });

  it.each([
    ['a negative number', -1],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['an empty string', ''],
    ['blanks', '  '],
    ['a number without a unit', '10'],
    ['a negative length in words', '-5s'],
    ['a negative ISO length', '-PT1H'],
    ['an unknown unit', '3 fortnights'],
    ['a month, whose length is not fixed', '1 month'],
    ['ISO years', 'P1Y'],
    ['ISO months', 'P1M'],
    ['an empty ISO duration', 'P'],
    ['an empty ISO time', 'PT'],
    ['trailing rubbish', '5s!'],
    ['a word that every object has', '5 constructor'],
    ['a length beyond every number', `${'9'.repeat(400)} days`],
    ['null', null],
    ['a Date', new Date(0)],
    ['a bigint', 5n],
  ])('is not %s', (_what, input) => {
    expect(parseDuration(input)).toBeUndefined();
  });
});
