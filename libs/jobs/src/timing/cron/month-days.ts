import type { MonthDayRule, WeekdayRule } from './day-term.js';

/** The two day fields together; `undefined` is a field that names no days (`*`, `?`). @internal */
export interface DayRules {
  readonly monthDays: readonly MonthDayRule[] | undefined;
  readonly weekdays: readonly WeekdayRule[] | undefined;
}

const EVERY_DAY = -1;
const SATURDAY = 6;
const SUNDAY = 0;

/**
 * The days of a month on which a schedule runs, as bits: bit 1 is the 1st.
 *
 * A month is told by its length and the weekday of its 1st alone, so there are 28 kinds of months,
 * and all rules (last Friday, weekday nearest to the 15th …) are worked out once for each.
 * @internal
 */
export class MonthDays {
  private readonly masks: (number | undefined)[] = [];

  constructor(private readonly rules: DayRules) {}

  /**
   * @param length days of the month, 28 to 31
   * @param firstWeekday weekday of the 1st, Sunday 0
   */
  maskOf(length: number, firstWeekday: number): number {
    const key = (length - 28) * 7 + firstWeekday;
    return (this.masks[key] ??= this.compute(length, firstWeekday));
  }

  private compute(length: number, firstWeekday: number): number {
    const { monthDays, weekdays } = this.rules;
    let mask = monthDays === undefined && weekdays === undefined ? EVERY_DAY : 0;
    for (const rule of monthDays ?? []) mask |= monthDayMask(rule, length, firstWeekday);
    for (const rule of weekdays ?? []) mask |= weekdayMask(rule, length, firstWeekday);
    // Bits 1 to `length`; the two shifts are one too many for a shift of 32.
    return mask & ((2 ** (length + 1) - 2) | 0);
  }
}

function monthDayMask(rule: MonthDayRule, length: number, firstWeekday: number): number {
  switch (rule.kind) {
    case 'days':
      return rule.days.reduce((mask, day) => mask | (1 << day), 0);
    case 'last':
      return bitOf(length - rule.daysBefore);
    case 'last-weekday': {
      const day = length - rule.daysBefore;
      if (day < 1) return 0;
      return bitOf(Math.max(nearestWeekday(day, length, firstWeekday) - rule.weekdayOffset, 1));
    }
    default:
      return bitOf(nearestWeekday(Math.min(rule.day, length), length, firstWeekday));
  }
}

function weekdayMask(rule: WeekdayRule, length: number, firstWeekday: number): number {
  let mask = 0;
  for (const weekday of rule.weekdays) {
    const first = 1 + ((weekday - firstWeekday + 7) % 7);
    for (let day = first; day <= length; day += 7) {
      const isNth = rule.nth === 'last' ? day + 7 > length : (day - first) / 7 + 1 === rule.nth;
      if (rule.nth === undefined || isNth) mask |= 1 << day;
    }
  }
  return mask;
}

/** Saturday goes back and Sunday forward, the other way round where that would leave the month. */
function nearestWeekday(day: number, length: number, firstWeekday: number): number {
  const weekday = (firstWeekday + day - 1) % 7;
  if (weekday === SATURDAY) return day === 1 ? 3 : day - 1;
  if (weekday === SUNDAY) return day === length ? day - 2 : day + 1;
  return day;
}

function bitOf(day: number): number {
  return day >= 1 ? 1 << day : 0;
}
