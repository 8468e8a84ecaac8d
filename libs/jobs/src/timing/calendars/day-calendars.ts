import { daysInMonth, WEEKDAYS, type CronWeekday } from '../cron/index.js';
import type { Calendar, Rule } from '../../options/index.js';
import {
  DEFAULT_ZONE,
  listFaults,
  optionFaults,
  refuse,
  type CalendarOptions,
} from './calendar-arguments.js';
import { dayCalendar } from './local-calendar.js';

/** Any year that has a 29th of February. */
const LEAP_YEAR = 2000;

const DATE: Rule = {
  expected: "a date that there is, as 'YYYY-MM-DD'",
  accepts: (value) => {
    const [, year, month, day] = match(/^(\d{4})-(\d\d)-(\d\d)$/, value);
    return isDay(Number(year), Number(month), Number(day));
  },
};

const YEARLY_DATE: Rule = {
  expected: "a month and a day that there are, as 'MM-DD'",
  accepts: (value) => {
    const [, month, day] = match(/^(\d\d)-(\d\d)$/, value);
    return isDay(LEAP_YEAR, Number(month), Number(day));
  },
};

const WEEKDAY: Rule = {
  expected: `one of ${WEEKDAYS.map((day) => `'${day}'`).join(', ')}`,
  accepts: (value) => WEEKDAYS.includes(value as CronWeekday),
};

const LAST_DAY = 31;

const MONTH_DAY: Rule = {
  expected: `a whole number from 1 to ${LAST_DAY} or 'last'`,
  accepts: (value) =>
    value === 'last' ||
    (Number.isInteger(value) && Number(value) >= 1 && Number(value) <= LAST_DAY),
};

/** See `Calendar.dates()`. @internal */
export function dates(days: readonly string[], options: CalendarOptions = {}): Calendar {
  refuse('Calendar.dates()', [...listFaults('dates', days, DATE), ...optionFaults(options)]);
  const excluded = new Set(days);
  return dayCalendar(options.timeZone ?? DEFAULT_ZONE, ({ year, month, day }) =>
    excluded.has(`${String(year).padStart(4, '0')}-${twoDigits(month)}-${twoDigits(day)}`),
  );
}

/** See `Calendar.annual()`. @internal */
export function annual(days: readonly string[], options: CalendarOptions = {}): Calendar {
  refuse('Calendar.annual()', [
    ...listFaults('dates', days, YEARLY_DATE),
    ...optionFaults(options),
  ]);
  const excluded = new Set(days);
  return dayCalendar(options.timeZone ?? DEFAULT_ZONE, ({ month, day }) =>
    excluded.has(`${twoDigits(month)}-${twoDigits(day)}`),
  );
}

/** See `Calendar.weekdays()`. @internal */
export function weekdays(days: readonly CronWeekday[], options: CalendarOptions = {}): Calendar {
  refuse('Calendar.weekdays()', [
    ...listFaults('days', days, WEEKDAY),
    ...wholeFaults(days, WEEKDAYS.length, 'one weekday'),
    ...optionFaults(options),
  ]);
  const excluded = new Set(days);
  return dayCalendar(options.timeZone ?? DEFAULT_ZONE, ({ weekday }) =>
    excluded.has(WEEKDAYS[weekday]!),
  );
}

/** See `Calendar.monthly()`. @internal */
export function monthly(
  days: readonly (number | 'last')[],
  options: CalendarOptions = {},
): Calendar {
  refuse('Calendar.monthly()', [
    ...listFaults('days', days, MONTH_DAY),
    ...wholeFaults(days, LAST_DAY, 'one day of the month'),
    ...optionFaults(options),
  ]);
  const excluded = new Set(days);
  return dayCalendar(
    options.timeZone ?? DEFAULT_ZONE,
    ({ year, month, day }) =>
      excluded.has(day) || (day === daysInMonth(year, month) && excluded.has('last')),
  );
}

/** A calendar that leaves nothing is a slip: nobody wants a recurring job that never runs. */
function wholeFaults(days: unknown, size: number, left: string): string[] {
  if (!Array.isArray(days)) return [];
  const different = new Set(days.filter((day) => day !== 'last'));
  return different.size < size ? [] : [`expected days to leave ${left}, got all of them`];
}

function isDay(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

function match(pattern: RegExp, value: unknown): readonly (string | undefined)[] {
  return (typeof value === 'string' && pattern.exec(value)) || [];
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
