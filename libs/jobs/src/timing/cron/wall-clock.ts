import { LAST_YEAR } from './cron-field.js';
import { MonthDays, type DayRules } from './month-days.js';

/** What an expression says, in numbers. Lists are ascending and without doubles. @internal */
export interface CronFields {
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: DayRules;
  readonly months: readonly number[];
  /** `undefined`: every year. */
  readonly years: readonly number[] | undefined;
  /** Whether the time fields hold `*`, `/` or `-`: an interval rather than fixed times. */
  readonly interval: boolean;
}

const DAY_MS = 86_400_000;
const NONE = -1;

/**
 * Finds the times that an expression names on a clock that is never put forward or back.
 *
 * Wall time is counted like epoch time in UTC: milliseconds since 1970-01-01 00:00 on that clock.
 * The search jumps from field to field, largest first: a month without a day that fits costs one
 * step, and no day that does not fit is looked at.
 * @internal
 */
export class WallClock {
  private readonly seconds: Int8Array;
  private readonly minutes: Int8Array;
  private readonly hours: Int8Array;
  private readonly months: Int8Array;
  private readonly days: MonthDays;

  constructor(private readonly fields: CronFields) {
    this.seconds = nextTable(fields.seconds, 59);
    this.minutes = nextTable(fields.minutes, 59);
    this.hours = nextTable(fields.hours, 23);
    this.months = nextTable(fields.months, 12);
    this.days = new MonthDays(fields.days);
  }

  /**
   * The first time that fits, not earlier than `wall` (whole seconds, from 1970 on).
   * @returns `Infinity` when there is none
   */
  next(wall: number): number {
    const date = Math.floor(wall / DAY_MS) * DAY_MS;
    const found = this.nextDate(date);
    if (found === date) {
      const time = this.nextTime((wall - date) / 1_000);
      if (time !== NONE) return date + time * 1_000;
      return this.nextDate(date + DAY_MS) + this.nextTime(0) * 1_000;
    }
    return found + this.nextTime(0) * 1_000;
  }

  /** Midnight of the first date that fits, not earlier than `date` (midnight itself). */
  private nextDate(date: number): number {
    const start = new Date(date);
    const startYear = start.getUTCFullYear();
    const startMonth = start.getUTCMonth() + 1;
    let firstDay = start.getUTCDate();
    for (let year = this.nextYear(startYear); year !== NONE; year = this.nextYear(year + 1)) {
      let month = this.months[year === startYear ? startMonth : 1]!;
      for (; month !== NONE; month = this.months[month + 1]!) {
        const isStart = year === startYear && month === startMonth;
        if (!isStart) firstDay = 1;
        const first = Date.UTC(year, month - 1, 1);
        // 1970-01-01 was a Thursday.
        const mask = this.days.maskOf(daysInMonth(year, month), (first / DAY_MS + 4) % 7);
        const left = mask & (-1 << firstDay);
        // The lowest bit that is set.
        if (left !== 0) return first + (30 - Math.clz32(left & -left)) * DAY_MS;
      }
    }
    return Number.POSITIVE_INFINITY;
  }

  /**
   * The first time of day that fits, in seconds, not earlier than `time`; `NONE` when the day has
   * no more.
   */
  private nextTime(time: number): number {
    const hour = Math.floor(time / 3_600);
    if (this.hours[hour] === hour) {
      const minute = Math.floor(time / 60) % 60;
      if (this.minutes[minute] === minute) {
        const second = this.seconds[time % 60]!;
        if (second !== NONE) return hour * 3_600 + minute * 60 + second;
      }
      const later = this.minutes[minute + 1]!;
      if (later !== NONE) return hour * 3_600 + later * 60 + this.seconds[0]!;
    }
    const later = this.hours[hour + 1]!;
    return later === NONE ? NONE : later * 3_600 + this.minutes[0]! * 60 + this.seconds[0]!;
  }

  private nextYear(year: number): number {
    const { years } = this.fields;
    if (years === undefined) return year <= LAST_YEAR ? year : NONE;
    return years.find((candidate) => candidate >= year) ?? NONE;
  }
}

/** For each value, and one more, the first allowed value that is not below it. */
function nextTable(allowed: readonly number[], max: number): Int8Array {
  const table = new Int8Array(max + 2).fill(NONE);
  const set = new Set(allowed);
  for (let value = max; value >= 0; value--) {
    table[value] = set.has(value) ? value : table[value + 1]!;
  }
  return table;
}

/** Gregorian calendar. @internal */
export function daysInMonth(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
