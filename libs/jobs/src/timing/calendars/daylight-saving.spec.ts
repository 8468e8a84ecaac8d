import { describe, expect, it } from 'vitest';
import type { Calendar as AnyCalendar } from '../../options/index.js';
import { Calendar } from './calendar-functions.js';

const MINUTE = 60_000;

/** What is excluded in a stretch of time, in UTC, found by asking about every minute. */
function excluded(calendar: AnyCalendar, from: string, to: string): string[] {
  const found: string[] = [];
  let start: number | undefined;
  for (let time = Date.parse(from); time <= Date.parse(to); time += MINUTE) {
    const isExcluded = time < Date.parse(to) && calendar.excludes(time);
    if (isExcluded) start ??= time;
    else if (start !== undefined) {
      found.push(`${utc(start)} to ${utc(time)}`);
      // The shortcut says the same, from wherever it is asked.
      for (const inside of [start, time - MINUTE, time - 1]) {
        expect(utc(calendar.excludedUntil!(inside)!)).toBe(utc(time));
      }
      start = undefined;
    }
  }
  return found;
}

function utc(time: number): string {
  return new Date(time).toISOString().slice(5, 16).replace('T', ' ');
}

type Case = readonly [
  what: string,
  calendar: AnyCalendar,
  from: string,
  to: string,
  expected: readonly string[],
];

const berlin = { timeZone: 'Europe/Berlin' };
const newYork = { timeZone: 'America/New_York' };
const santiago = { timeZone: 'America/Santiago' };
const apia = { timeZone: 'Pacific/Apia' };
const stJohns = { timeZone: 'America/St_Johns' };

describe('a local day', () => {
  it.each<Case>([
    [
      'has 23 hours when clocks are put forward',
      Calendar.dates(['2026-03-29'], berlin),
      '2026-03-28T00:00Z',
      '2026-03-31T00:00Z',
      ['03-28 23:00 to 03-29 22:00'],
    ],
    [
      'has 25 hours when they are put back',
      Calendar.dates(['2026-10-25'], berlin),
      '2026-10-24T00:00Z',
      '2026-10-27T00:00Z',
      ['10-24 22:00 to 10-25 23:00'],
    ],
    [
      'is joined to the next one, over a move of the clocks',
      Calendar.weekdays(['SAT', 'SUN'], newYork),
      '2026-03-05T00:00Z',
      '2026-03-12T00:00Z',
      ['03-07 05:00 to 03-09 04:00'],
    ],
    [
      'begins at 1 o’clock where midnight is skipped',
      Calendar.dates(['2026-09-06'], santiago),
      '2026-09-05T00:00Z',
      '2026-09-08T00:00Z',
      ['09-06 04:00 to 09-07 03:00'],
    ],
    [
      'ends at 1 o’clock of the next one where midnight is skipped',
      Calendar.dates(['2026-09-05'], santiago),
      '2026-09-04T00:00Z',
      '2026-09-08T00:00Z',
      ['09-05 04:00 to 09-06 04:00'],
    ],
    [
      'has its last hour twice where midnight is put back to 23:00',
      Calendar.dates(['2026-04-04'], santiago),
      '2026-04-03T00:00Z',
      '2026-04-07T00:00Z',
      ['04-04 03:00 to 04-05 04:00'],
    ],
    [
      'comes in two parts where clocks went back over midnight',
      Calendar.dates(['2010-11-06'], stJohns),
      '2010-11-05T00:00Z',
      '2010-11-09T00:00Z',
      ['11-06 02:30 to 11-07 02:30', '11-07 02:31 to 11-07 03:30'],
    ],
    [
      'that was skipped is not there',
      Calendar.dates(['2011-12-30'], apia),
      '2011-12-28T00:00Z',
      '2012-01-02T00:00Z',
      [],
    ],
    [
      'is next to the one after a day that was skipped',
      Calendar.dates(['2011-12-29', '2011-12-31'], apia),
      '2011-12-28T00:00Z',
      '2012-01-02T00:00Z',
      ['12-29 10:00 to 12-31 10:00'],
    ],
    [
      'is the last of its month even where the day before it was skipped',
      Calendar.monthly(['last'], apia),
      '2011-12-28T00:00Z',
      '2012-01-02T00:00Z',
      ['12-30 10:00 to 12-31 10:00'],
    ],
  ])('%s', (_what, calendar, from, to, expected) => {
    expect(excluded(calendar, from, to)).toEqual(expected);
  });
});

describe('a daily window', () => {
  it.each<Case>([
    [
      'over midnight is an hour shorter in the night in which clocks are put forward',
      Calendar.dailyWindow('22:00', '06:00', berlin),
      '2026-03-28T12:00Z',
      '2026-03-30T12:00Z',
      ['03-28 21:00 to 03-29 04:00', '03-29 20:00 to 03-30 04:00'],
    ],
    [
      'and an hour longer in the one in which they are put back',
      Calendar.dailyWindow('22:00', '06:00', berlin),
      '2026-10-24T12:00Z',
      '2026-10-25T12:00Z',
      ['10-24 20:00 to 10-25 05:00'],
    ],
    [
      'that is skipped whole is not there',
      Calendar.dailyWindow('02:15', '02:45', berlin),
      '2026-03-29T00:00Z',
      '2026-03-30T02:00Z',
      ['03-30 00:15 to 03-30 00:45'],
    ],
    [
      'ends with the time that is skipped',
      Calendar.dailyWindow('01:30', '02:30', berlin),
      '2026-03-29T00:00Z',
      '2026-03-29T12:00Z',
      ['03-29 00:30 to 03-29 01:00'],
    ],
    [
      'comes twice when its time does',
      Calendar.dailyWindow('02:15', '02:45', berlin),
      '2026-10-25T00:00Z',
      '2026-10-25T12:00Z',
      ['10-25 00:15 to 10-25 00:45', '10-25 01:15 to 10-25 01:45'],
    ],
    [
      'that is inverted leaves the window alone',
      Calendar.dailyWindow('08:00', '18:00', { ...santiago, invert: true }),
      '2026-09-05T11:00Z',
      '2026-09-06T15:00Z',
      ['09-05 11:00 to 09-05 12:00', '09-05 22:00 to 09-06 11:00'],
    ],
  ])('%s', (_what, calendar, from, to, expected) => {
    expect(excluded(calendar, from, to)).toEqual(expected);
  });
});

describe('a cron calendar', () => {
  it.each<Case>([
    [
      'goes on through an hour that comes twice',
      Calendar.cron('* * 2 ? * *', berlin),
      '2026-10-25T00:00Z',
      '2026-10-25T12:00Z',
      ['10-25 00:00 to 10-25 02:00'],
    ],
    [
      'excludes days of 23 hours',
      Calendar.cron('* * * ? * SAT,SUN', newYork),
      '2026-03-05T00:00Z',
      '2026-03-12T00:00Z',
      ['03-07 05:00 to 03-09 04:00'],
    ],
    [
      'excludes the hour after one that is skipped',
      Calendar.cron('* * 2 ? * *', berlin),
      '2026-03-29T00:00Z',
      '2026-03-29T12:00Z',
      ['03-29 01:00 to 03-29 02:00'],
    ],
    [
      'excludes a fixed time the first time alone',
      Calendar.cron('30 2 * * *', berlin),
      '2026-10-25T00:00Z',
      '2026-10-25T12:00Z',
      ['10-25 00:30 to 10-25 00:31'],
    ],
    [
      'ends where a day ended whose last half hour was skipped',
      Calendar.cron('* * * ? * FRI', { timeZone: 'Asia/Pyongyang' }),
      '2018-05-03T00:00Z',
      '2018-05-06T00:00Z',
      ['05-03 15:30 to 05-04 15:30'],
    ],
    [
      'moves a time that is skipped, as the schedule of that expression does',
      Calendar.cron('30 2 * * *', berlin),
      '2026-03-29T00:00Z',
      '2026-03-29T12:00Z',
      ['03-29 01:30 to 03-29 01:31'],
    ],
  ])('%s', (_what, calendar, from, to, expected) => {
    expect(excluded(calendar, from, to)).toEqual(expected);
  });
});
