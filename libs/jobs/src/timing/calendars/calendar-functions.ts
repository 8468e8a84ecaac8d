import type { Calendar as AnyCalendar } from '../../options/index.js';
import { allOf, anyOf, not, where } from './combined-calendar.js';
import { cron } from './cron-calendar.js';
import { dailyWindow } from './daily-window.js';
import { annual, dates, monthly, weekdays } from './day-calendars.js';

// One name for the type and for the functions that make what is of it: one import brings both.

/**
 * Excludes moments from recurring jobs: give calendars a name in `forRoot({ calendars })`, and the
 * names to `@Recurring()`. Made by the functions of `Calendar`, or by yourself. It must answer at
 * once, never throw (its recurring jobs rest until it does not), and say the same of a moment each
 * time, in all processes.
 * @publicApi
 */
export type Calendar = AnyCalendar;

/**
 * Makes calendars. A local day is what the clocks of `timeZone` show, of 23, 24 or 25 hours; a time
 * that they skip is not excluded, and one that they repeat is so both times. Each function throws
 * InvalidCalendarError, with every fault of its arguments.
 *
 * ```ts
 * const officeHours = Calendar.anyOf(
 *   Calendar.weekdays(['SAT', 'SUN'], { timeZone }),
 *   Calendar.annual(['12-25', '12-26'], { timeZone }),
 *   Calendar.dailyWindow('08:00', '18:00', { timeZone, invert: true }),
 * );
 * ```
 * @publicApi
 */
export const Calendar = {
  /**
   * Excludes whole days, once.
   * @param dates as `'2026-12-25'`
   */
  dates,

  /**
   * Excludes whole days of every year.
   * @param dates as `'12-25'`; `'02-29'` comes in leap years alone
   */
  annual,

  /**
   * Excludes weekdays.
   * @param days by name, `['SAT', 'SUN']`, not all seven
   */
  weekdays,

  /**
   * Excludes days of every month.
   * @param days 1 to 31, or `'last'`. A 31st comes in months alone that have one
   */
  monthly,

  /**
   * Excludes a part of each day. The end is before the beginning when the window goes over
   * midnight.
   * @param from `'22:00'` or `'22:00:30'`; belongs to the window
   * @param to `'06:00'`, up to `'24:00'`; does not belong to it
   * @param options `invert`: all outside the window is excluded instead. Default false
   */
  dailyWindow,

  /**
   * Excludes the seconds at which a cron expression is due (`* * 0-7 ? * *`: all of them from
   * midnight to eight); with 5 fields, or a macro, the whole minutes (`* 0-7 * * *`). Daylight
   * saving is as in `CronExpression`. `H` cannot be used.
   * @param options `dialect`: default told by the number of fields
   */
  cron,

  /**
   * Excludes what a function says. It must answer at once, never throw, and stand by its answers: a
   * date that was excluded may not be asked about again. It is asked about each tick, which for a
   * frequent job with long exclusions is slow: the other calendars, or one of your own with
   * `excludedUntil()`, are not.
   * @param predicate true for a date that is to be excluded
   */
  where,

  /** Excludes what one or more of the calendars exclude. */
  anyOf,

  /** Excludes what all of the calendars exclude. */
  allOf,

  /** Excludes what the calendar does not exclude. */
  not,
} as const;
