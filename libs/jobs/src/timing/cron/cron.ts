import { CronArgumentError } from '../../errors/index.js';
import { show } from '../../options/index.js';
import { FIELDS, MONTHS, WEEKDAYS } from './cron-field.js';
import { daysInMonth } from './wall-clock.js';

/** A weekday by its name in cron, which means the same day in every dialect. @publicApi */
export type CronWeekday = (typeof WEEKDAYS)[number];

/** A month by its name in cron. @publicApi */
export type CronMonth = (typeof MONTHS)[number];

/** Any year that has a 29th of February. */
const LEAP_YEAR = 2000;

/**
 * Writes the usual schedules as cron expressions, so that no one has to remember the order of
 * fields. Hours and minutes are those of the schedule's time zone; each function throws
 * CronArgumentError when an argument is out of its range.
 * @publicApi
 */
export const Cron = {
  /**
   * Each second, or each `n`-th.
   * @param n 1 to 30, a divisor of 60: others would not be evenly spaced. Default: 1
   */
  everySecond(n = 1): string {
    check('Cron.everySecond()', 'n', n, DIVISOR_OF_60, 'For 60 seconds use Cron.everyMinute().');
    return `${every(n)} * * * * *`;
  },

  /**
   * Each minute, or each `n`-th.
   * @param n 1 to 30, a divisor of 60: others would not be evenly spaced. Default: 1
   */
  everyMinute(n = 1): string {
    check('Cron.everyMinute()', 'n', n, DIVISOR_OF_60, 'For 60 minutes use Cron.hourly().');
    return `${every(n)} * * * *`;
  },

  /**
   * Once an hour.
   * @param minute 0 to 59. Default: 0
   */
  hourly(minute = 0): string {
    check('Cron.hourly()', 'minute', minute, MINUTE);
    return `${minute} * * * *`;
  },

  /**
   * Once a day.
   * @param hour 0 to 23. Default: 0
   * @param minute 0 to 59. Default: 0
   */
  daily(hour = 0, minute = 0): string {
    return `${timeOf('Cron.daily()', hour, minute)} * * *`;
  },

  /**
   * Monday to Friday.
   * @param hour 0 to 23. Default: 0
   * @param minute 0 to 59. Default: 0
   */
  weekdays(hour = 0, minute = 0): string {
    return `${timeOf('Cron.weekdays()', hour, minute)} * * MON-FRI`;
  },

  /**
   * Once a week.
   * @param day by name, `'MON'`
   * @param hour 0 to 23. Default: 0
   * @param minute 0 to 59. Default: 0
   */
  weekly(day: CronWeekday, hour = 0, minute = 0): string {
    check('Cron.weekly()', 'day', day, WEEKDAY);
    return `${timeOf('Cron.weekly()', hour, minute)} * * ${day}`;
  },

  /**
   * Once a month.
   * @param day 1 to 31, the last day, or the last one from Monday to Friday. Months that have no
   * 29th, 30th or 31st are skipped
   * @param hour 0 to 23. Default: 0
   * @param minute 0 to 59. Default: 0
   */
  monthly(day: number | 'last' | 'last-weekday', hour = 0, minute = 0): string {
    check('Cron.monthly()', 'day', day, MONTH_DAY);
    const days: Readonly<Record<string, string>> = { last: 'L', 'last-weekday': 'LW' };
    return `${timeOf('Cron.monthly()', hour, minute)} ${days[day] ?? day} * *`;
  },

  /**
   * Once a year.
   * @param month 1 to 12, or by name, `'JAN'`
   * @param day 1 to the length of the month; the 29th of February comes in leap years alone
   * @param hour 0 to 23. Default: 0
   * @param minute 0 to 59. Default: 0
   */
  yearly(month: number | CronMonth, day: number, hour = 0, minute = 0): string {
    check('Cron.yearly()', 'month', month, MONTH);
    const number = typeof month === 'number' ? month : MONTHS.indexOf(month) + 1;
    check('Cron.yearly()', 'day', day, wholeNumber(1, daysInMonth(LEAP_YEAR, number)));
    return `${timeOf('Cron.yearly()', hour, minute)} ${day} ${month} *`;
  },
} as const;

interface ArgumentRule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
}

const HOUR = wholeNumber(FIELDS.hour.min, FIELDS.hour.max);
const MINUTE = wholeNumber(FIELDS.minute.min, FIELDS.minute.max);
const DIVISOR_OF_60: ArgumentRule = {
  expected: 'a divisor of 60 from 1 to 30',
  accepts: (value) => isWholeNumber(value, 1, 30) && 60 % value === 0,
};
const WEEKDAY = oneOf(WEEKDAYS);
const MONTH = either(wholeNumber(1, 12), oneOf(MONTHS));
const MONTH_DAY = either(wholeNumber(1, 31), oneOf(['last', 'last-weekday']));

function every(n: number): string {
  return n === 1 ? '*' : `*/${n}`;
}

/** The two fields that all schedules of a day or longer begin with. */
function timeOf(call: string, hour: number, minute: number): string {
  check(call, 'hour', hour, HOUR);
  check(call, 'minute', minute, MINUTE);
  return `${minute} ${hour}`;
}

function check(
  call: string,
  name: string,
  value: unknown,
  rule: ArgumentRule,
  hint?: string,
): void {
  if (rule.accepts(value)) return;
  throw new CronArgumentError(call, name, rule.expected, show(value), hint);
}

function isWholeNumber(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;
}

function wholeNumber(min: number, max: number): ArgumentRule {
  return {
    expected: `a whole number from ${min} to ${max}`,
    accepts: (value) => isWholeNumber(value, min, max),
  };
}

function oneOf(words: readonly string[]): ArgumentRule {
  return {
    expected: `one of ${words.map((word) => `'${word}'`).join(', ')}`,
    accepts: (value) => typeof value === 'string' && words.includes(value),
  };
}

function either(one: ArgumentRule, other: ArgumentRule): ArgumentRule {
  return {
    expected: `${one.expected} or ${other.expected}`,
    accepts: (value) => one.accepts(value) || other.accepts(value),
  };
}
