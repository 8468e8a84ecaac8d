import type { Calendar } from '../../options/index.js';

/** What a calendar says about a moment, and until when it says the same at least. @internal */
export interface Stretch {
  readonly isExcluded: boolean;
  /** Later than the moment, in the same unit; `Infinity` for ever. */
  readonly until: number;
}

/** So many stretches are joined to one at most: a year of days. */
const MOST_STRETCHES = 400;

/** All that is known of a calendar without a shortcut: times are whole ms. */
const SHORTEST_MS = 1;

/**
 * A calendar that knows how long each of its answers lasts. Knowing it of both answers, and not
 * only of "excluded", is what lets calendars be turned round and combined without losing their
 * shortcuts.
 * @internal
 */
export class StretchCalendar implements Calendar {
  /** @param stretchAt tells of a moment, Unix milliseconds */
  constructor(readonly stretchAt: (time: number) => Stretch) {}

  excludes(time: number): boolean {
    return this.stretchAt(time).isExcluded;
  }

  excludedUntil(time: number): number | undefined {
    let end = time;
    for (let joined = 0; joined < MOST_STRETCHES; joined += 1) {
      const { isExcluded, until } = this.stretchAt(end);
      if (!isExcluded) break;
      const isLong = until - end > SHORTEST_MS;
      end = until;
      // Going on in such steps would cost more than it saves.
      if (!isLong || end === Infinity) break;
    }
    return end > time ? end : undefined;
  }
}

/** What any calendar says, also one that users made. @internal */
export function stretchOf(calendar: Calendar, time: number): Stretch {
  if (calendar instanceof StretchCalendar) return calendar.stretchAt(time);
  const isExcluded = calendar.excludes(time);
  const until = isExcluded ? calendar.excludedUntil?.(time) : undefined;
  const isLater = until !== undefined && until > time;
  return { isExcluded, until: isLater ? until : time + SHORTEST_MS };
}
