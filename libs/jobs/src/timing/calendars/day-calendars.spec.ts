import { describe, expect, it } from 'vitest';
import { InvalidCalendarError } from '../../errors/index.js';
import type { Calendar as AnyCalendar } from '../../options/index.js';
import { Calendar } from './calendar-functions.js';

const DAY = 86_400_000;

/** The days from `from` on, in UTC, whose noon is excluded. */
function days(calendar: AnyCalendar, from: string, count: number): string[] {
  const noons = Array.from({ length: count }, (_, day) => Date.parse(from) + (day + 0.5) * DAY);
  return noons
    .filter((noon) => calendar.excludes(noon))
    .map((noon) => new Date(noon).toISOString().slice(5, 10));
}

describe('a calendar of days excludes', () => {
  it.each<[string, AnyCalendar, string, readonly string[]]>([
    ['dates', Calendar.dates(['2026-12-25', '2027-01-01']), '2026-12-05', ['12-25', '01-01']],
    ['no dates of other years', Calendar.dates(['2026-12-25']), '2027-12-01', []],
    ['dates of each year', Calendar.annual(['12-25', '01-01']), '2031-12-10', ['12-25', '01-01']],
    ['29 February in a leap year', Calendar.annual(['02-29']), '2028-02-15', ['02-29']],
    ['nothing for it in another', Calendar.annual(['02-29']), '2027-02-15', []],
    [
      'weekdays',
      Calendar.weekdays(['SAT', 'SUN']),
      '2026-11-23',
      ['11-28', '11-29', '12-05', '12-06', '12-12', '12-13', '12-19', '12-20'],
    ],
    ['days of the month', Calendar.monthly([1, 15]), '2026-11-26', ['12-01', '12-15']],
    ['the last day of the month', Calendar.monthly(['last']), '2027-02-10', ['02-28']],
    ['in a leap year, too', Calendar.monthly(['last']), '2028-02-10', ['02-29']],
    ['the 31st where there is one', Calendar.monthly([31]), '2026-11-15', []],
    ['nothing when there is nothing', Calendar.dates([]), '2026-11-15', []],
  ])('%s', (_what, calendar, from, expected) => {
    expect(days(calendar, from, 30)).toEqual(expected);
  });

  it('from the first millisecond to the last, by the clocks of its zone', () => {
    const calendar = Calendar.dates(['2026-12-25'], { timeZone: 'Asia/Kathmandu' });
    const [start, end] = ['2026-12-24T18:15:00Z', '2026-12-25T18:15:00Z'].map(Date.parse) as [
      number,
      number,
    ];
    expect([start - 1, start, end - 1, end].map((time) => calendar.excludes(time))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(calendar.excludedUntil!(start)).toBe(end);
    expect(calendar.excludedUntil!(end)).toBeUndefined();
  });

  it('before 1970 too', () => {
    expect(days(Calendar.weekdays(['THU']), '1969-12-20', 13)).toEqual(['12-25', '01-01']);
  });

  it('at most a year of days in one step, and the rest in the next', () => {
    const calendar = Calendar.not(Calendar.dates(['2030-01-01']));
    const from = Date.UTC(2026, 0, 1);
    const until = calendar.excludedUntil!(from)!;
    expect(until).toBe(from + 400 * DAY);
    expect(calendar.excludedUntil!(until)).toBe(until + 400 * DAY);
  });
});

describe('a calendar of days refuses', () => {
  it.each<[string, () => unknown, string]>([
    [
      'a date that there is not',
      () => Calendar.dates(['2026-02-30']),
      `Calendar.dates() (1 fault):\n  - expected dates[0] to be a date that there is, as 'YYYY-MM-DD', got "2026-02-30"`,
    ],
    ['another form of a date', () => Calendar.dates(['25.12.2026']), 'got "25.12.2026"'],
    ['a Date', () => Calendar.dates([new Date(0) as never]), 'dates[0]'],
    [
      'no list',
      () => Calendar.dates('2026-12-25' as never),
      'expected dates to be a list, got "2026-',
    ],
    ['a yearly date that there is not', () => Calendar.annual(['02-30']), 'got "02-30"'],
    ['a yearly date of another form', () => Calendar.annual(['2-3']), 'as \'MM-DD\', got "2-3"'],
    [
      'a weekday in lower case',
      () => Calendar.weekdays(['sat' as never]),
      "expected days[0] to be one of 'SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', got \"sat\"",
    ],
    [
      'all weekdays',
      () => Calendar.weekdays(['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']),
      'expected days to leave one weekday, got all of them',
    ],
    [
      'all days of the month',
      () => Calendar.monthly(Array.from({ length: 31 }, (_, day) => day + 1)),
      'expected days to leave one day of the month, got all of them',
    ],
    [
      'a 32nd',
      () => Calendar.monthly([32]),
      "expected days[0] to be a whole number from 1 to 31 or 'last', got 32",
    ],
    ['half a day', () => Calendar.monthly([1.5]), 'got 1.5'],
    [
      'a zone that there is not',
      () => Calendar.dates([], { timeZone: 'Berlin' }),
      'options: "timeZone": Expected an IANA time zone such as "Europe/Berlin" or "UTC", got "Berlin". Did you mean "Europe/Berlin"?',
    ],
    ['a zone that is no text', () => Calendar.annual([], { timeZone: 1 as never }), 'got 1.'],
    [
      'an option that there is not',
      () => Calendar.dates([], { timezone: 'UTC' } as never),
      'options: unknown option "timezone"; did you mean "timeZone"?',
    ],
    ['no options', () => Calendar.dates([], null as never), 'expected an options object, got null'],
  ])('%s', (_what, make, message) => {
    expect(make).toThrow(InvalidCalendarError);
    expect(make).toThrow(message);
  });

  it('with all faults at once', () => {
    const make = () =>
      Calendar.dates(['2026-13-01', '2026-12-25', ''], { timeZone: 'Mars', zone: 1 } as never);
    expect(make).toThrow(/^Calendar\.dates\(\) \(4 faults\):/);
    expect(make).toThrow(
      expect.objectContaining({ problems: expect.objectContaining({ length: 4 }) }),
    );
  });
});
