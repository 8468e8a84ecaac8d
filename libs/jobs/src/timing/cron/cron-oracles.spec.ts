import { CronExpressionParser } from 'cron-parser';
import { Cron } from 'croner';
import { describe, expect, it } from 'vitest';
import { InvalidCronError } from '../../errors/index.js';
import { CronExpression } from './cron-expression.js';

const TICKS = 30;
const STARTS = ['2026-01-01T00:00Z', '2026-03-28T12:00Z', '2026-10-24T12:00Z', '2028-02-27T00:00Z'];
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'America/Santiago'];

type Oracle = (text: string, timeZone: string, after: number) => number[];

const croner: Oracle = (text, timezone, after) =>
  // Quartz's weekdays for six fields, as here.
  new Cron(text, { timezone, alternativeWeekdays: text.split(' ').length > 5, mode: 'auto' })
    .nextRuns(TICKS, new Date(after))
    .map((date) => date.getTime());

const cronParser: Oracle = (text, tz, after) =>
  CronExpressionParser.parse(text, { tz, currentDate: new Date(after) })
    .take(TICKS)
    .map((date) => date.getTime());

/** What both read as we do, in every zone and through every move of clocks. */
const SAME_EVERYWHERE = [
  '*/5 * * * *',
  '* * * * *',
  '0 * * * *',
  '17,43 * * * *',
  '0 9 * * *',
  '30 12 * * 1-5',
  '0 18 * * 0',
  '0 18 * * 7',
  '15 6 * * SUN,WED',
  '0 12 1 * *',
  '0 12 31 * *',
  '0 12 13 * 5',
  '0 12 1,15 * MON',
  '0 12 L * *',
  '5 10-20/3 * * *',
  '30 8 1-7 1,7 *',
  '0 12 29 2 *',
  '0 12 */10 * *',
  '0 12 * * 5L',
  '0 12 * * 5#3',
  '0 12 * */5 *',
  '59 23 31 DEC *',
  '? 12 1 ? ?',
  '?/20 10-12 ? * MON',
];

/** What both of them refuse, and so we do. */
const REFUSED_BY_ALL = [
  '0 17-9 * * *',
  '50-10 * * * *',
  '0 0 28-3 * *',
  '0 0 * NOV-FEB *',
  '0 0 * * FRI-MON',
  '0 0 * * 6-0',
  '0 0 * * 7-2',
  '60 * * * *',
  '0 24 * * *',
  '0 0 32 * *',
  '0 0 0 * *',
  '0 0 * 13 *',
  '0 0 * * 8',
  '0 0 * * L',
  '0 0 * * 6,0,L',
  '*/0 * * * *',
  '/5 * * * *',
  '1,,2 * * * *',
  '5- * * * *',
];

/** Besides, by croner: what cron-parser has no words for. */
const SAME_AS_CRONER = [
  '0 12 15W * *',
  '0 12 1W * *',
  '0 12 LW * *',
  '0 12 1,L * *',
  '0 0 12 ? * 2-6',
  '0 0 12 ? * 6L',
  '0 0 12 ? * FRI#2',
  '0 0 12 ? * 1',
  '0 0 12 1 1 ? 2027-2090',
  '*/20 59 11 * * ?',
  '0 30 10,14 ? JAN,MAR,SEP MON',
  '0 0 12 1 1 ? 2101-2103',
  '0 12 * * SAT-SUN',
];

/**
 * Where they differ from what is written here, and so are not asked:
 *
 * - a fixed time in a gap: croner runs 02:30 at 03:00, cron-parser not at all in a gap of half an
 *   hour (hence no times from 00:00 to 03:59 that are fixed, and no Australia/Lord_Howe);
 * - an interval in the repeated hour: cron-parser runs the first pass alone (hence its starts in
 *   spring alone);
 * - `a/n`, `L-n`, `LW-n`, a lone weekday `L`: croner refuses them, and leaves `31W` out where there
 *   is no 31st; cron-parser refuses `W`, `SAT-SUN`, years, and reads `6L` in Quartz's numbering as
 *   each Saturday;
 * - weekdays of six fields: cron-parser numbers them as Unix does.
 */
const SPRING = STARTS.filter((start) => !start.startsWith('2026-10'));

describe('croner agrees', () => {
  it.each([...SAME_EVERYWHERE, ...SAME_AS_CRONER])('on %s', (text) => {
    expectSame(croner, text, STARTS);
  });
});

describe('cron-parser agrees', () => {
  it.each(SAME_EVERYWHERE)('on %s', (text) => {
    expectSame(cronParser, text, SPRING);
  });
});

it.each(REFUSED_BY_ALL)('both refuse %s, and so do we', (text) => {
  for (const oracle of [croner, cronParser]) {
    expect(() => oracle(text, 'UTC', 0)).toThrow(Error);
  }
  expect(() => CronExpression.parse(text)).toThrow(InvalidCronError);
});

function expectSame(oracle: Oracle, text: string, starts: readonly string[]): void {
  for (const timeZone of ZONES) {
    // Weekdays by number in six fields are refused without one.
    const dialect = text.split(' ').length > 5 ? 'quartz' : 'unix';
    const expression = CronExpression.parse(text, { timeZone, dialect });
    for (const start of starts) {
      const after = Date.parse(start);
      const expected = oracle(text, timeZone, after);
      expect(expression.take(after, expected.length), `${text} in ${timeZone}`).toEqual(expected);
    }
  }
}
