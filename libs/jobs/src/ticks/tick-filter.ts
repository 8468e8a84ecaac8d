import { CalendarAnswerError } from '../errors/index.js';
import { show, type Calendar } from '../options/index.js';
import type { TickSource } from './tick-series.js';

/** So many excluded ticks are passed over in one go: some tens of ms of work. */
const MOST_EXCLUDED = 100_000;

/** No series goes on beyond it, as no cron expression does. */
const END_OF_TIME = Date.UTC(10_000, 0, 1);

/**
 * The ticks that no calendar excludes. When a search comes to no end within its measure, it says that there is
 * no tick, and the next one goes on where it stopped: a calendar without shortcuts may exclude a weekend of
 * seconds, and one that excludes everything must not keep the process for itself.
 * @param calendars by the names that messages call them
 * @internal
 */
export function withoutExcluded(
  source: TickSource,
  calendars: ReadonlyMap<string, Calendar>,
): TickSource {
  let searched = { from: 0, to: 0 };
  return {
    next(after) {
      const isSearched = after >= searched.from && after < searched.to;
      let from = isSearched ? searched.to : after;
      for (let passed = 0; passed < MOST_EXCLUDED; passed += 1) {
        const tick = source.next(from);
        if (tick === undefined || tick >= END_OF_TIME) return undefined;
        const until = excludedUntil(calendars, tick);
        if (until === undefined) return tick;
        // At the end of an exclusion there may be a tick.
        from = Math.min(until, END_OF_TIME) - 1;
      }
      searched = { from: isSearched ? searched.from : after, to: from };
      return undefined;
    },
  };
}

/** @returns a moment before which all are excluded, at least the next one; undefined when this one is not */
function excludedUntil(calendars: ReadonlyMap<string, Calendar>, tick: number): number | undefined {
  for (const [name, calendar] of calendars) {
    if (!isExcluded(name, calendar, tick)) continue;
    const until = calendar.excludedUntil?.(tick);
    return until !== undefined && until > tick ? until : tick + 1;
  }
  return undefined;
}

function isExcluded(name: string, calendar: Calendar, tick: number): boolean {
  let answer: unknown;
  try {
    answer = calendar.excludes(tick);
  } catch (error) {
    const got = `the error ${show((error as Error | null)?.message ?? error)}`;
    throw new CalendarAnswerError(`the calendar "${name}"`, tick, got, { cause: error });
  }
  if (typeof answer === 'boolean') return answer;
  throw new CalendarAnswerError(`the calendar "${name}"`, tick, show(answer));
}
