import { CronExpression } from '../cron/index.js';
import type { Calendar } from '../../options/index.js';
import { FilteredTicks } from './tick-filter.js';
import type { TickSource } from './tick-series.js';
import type { Timing } from './timing.js';

/** What a series of ticks is made of, beside its timing. @internal */
export interface TickOrigin {
  readonly id: string;
  /** When the timing was stored: an interval without `startAt` counts from here. */
  readonly definedAt: number;
  readonly calendars: ReadonlyMap<string, Calendar>;
}

/**
 * The ticks of a timing, from `startAt` to `endAt`, without those that a calendar excludes.
 * (`limit` and `enabled` are not its business.)
 * @throws InvalidCronError, UnknownTimeZoneError, when what was stored cannot be read here;
 * CalendarAnswerError from `next()`
 * @internal
 */
export function createTickSource(timing: Timing, origin: TickOrigin): TickSource {
  const all =
    timing.everyMs === undefined ? cronTicks(timing, origin.id) : interval(timing, origin);
  // First the bounds: nobody needs to know what calendars exclude beyond the end.
  const bounded = within(all, timing);
  const calendars = (timing.calendars ?? []).flatMap((name) => {
    const calendar = origin.calendars.get(name);
    return calendar === undefined ? [] : ([[name, calendar]] as const);
  });
  return calendars.length === 0 ? bounded : new FilteredTicks(bounded, new Map(calendars));
}

function cronTicks({ cron = '', timeZone, dialect }: Timing, id: string): TickSource {
  return CronExpression.parse(cron, {
    id,
    now: 0,
    ...(timeZone !== undefined && { timeZone }),
    ...(dialect !== undefined && { dialect }),
  });
}

function interval({ everyMs = 1, startAt }: Timing, { definedAt }: TickOrigin): TickSource {
  const first = startAt ?? definedAt + everyMs;
  return {
    next: (after) =>
      after < first ? first : first + (Math.floor((after - first) / everyMs) + 1) * everyMs,
  };
}

/** The last moment that a Date can be. */
const LAST_DATE = 8.64e15;

function within(source: TickSource, { startAt = -Infinity, endAt = Infinity }: Timing): TickSource {
  const last = Math.min(endAt, LAST_DATE);
  return {
    next(after) {
      const tick = source.next(Math.max(after, startAt - 1));
      return tick === undefined || tick > last ? undefined : tick;
    },
  };
}
