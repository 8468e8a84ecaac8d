import { ZoneClock } from '../cron/index.js';
import { StretchCalendar, type Stretch } from './stretch-calendar.js';

/**
 * Says of a time on a local clock whether it is excluded, as though that clock were never moved.
 * Local time is counted like Unix time in UTC: ms since 1970-01-01 00:00 on that clock.
 * @internal
 */
export type LocalRule = (wall: number) => Stretch;

/** A day on a local clock. @internal */
export interface LocalDay {
  readonly year: number;
  /** January is 1. */
  readonly month: number;
  readonly day: number;
  /** Sunday is 0. */
  readonly weekday: number;
}

/** Of a day on a clock that is not moved. @internal */
export const DAY_MS = 86_400_000;

/**
 * Excludes what the clocks of a zone show. Between two moves of the clocks local time runs evenly,
 * so an answer lasts as long as the rule says, or until the next move: days of 23 and 25 hours,
 * days that were skipped, and midnights that do not come need no case of their own.
 * @throws UnknownTimeZoneError
 * @internal
 */
export function localCalendar(timeZone: string, rule: LocalRule): StretchCalendar {
  const clock = ZoneClock.of(timeZone);
  return new StretchCalendar((time) => {
    const { offset, end } = clock.periodAt(time);
    const { isExcluded, until } = rule(time + offset);
    return { isExcluded, until: Math.min(until - offset, end) };
  });
}

/** Excludes whole local days. @throws UnknownTimeZoneError @internal */
export function dayCalendar(
  timeZone: string,
  isExcluded: (day: LocalDay) => boolean,
): StretchCalendar {
  return localCalendar(timeZone, (wall) => {
    const date = new Date(wall);
    const day = {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      weekday: date.getUTCDay(),
    };
    return { isExcluded: isExcluded(day), until: (Math.floor(wall / DAY_MS) + 1) * DAY_MS };
  });
}
