import { CalendarAnswerError } from '../../errors/index.js';
import { show, type Calendar } from '../../options/index.js';
import { goOn, type Search } from './search.js';
import type { SearchedTicks, TickSource } from './tick-series.js';

/** So much passed over is worth remembering, in ticks. */
const WORTH_REMEMBERING = 8;

/** So many gaps are remembered, the latest ones. */
const MOST_GAPS = 64;

/** No calendar is asked beyond it, as no cron expression has ticks there. */
const END_OF_TIME = Date.UTC(10_000, 0, 1);

/** After `from` and up to `to` there is no tick. */
interface Gap {
  readonly from: number;
  to: number;
}

/**
 * The ticks that no calendar excludes. A search remembers what it has passed over, so that whoever
 * looks again goes on from there: a calendar without shortcuts may exclude a weekend of seconds, or
 * everything.
 * @internal
 */
export class FilteredTicks implements SearchedTicks {
  private readonly gaps: Gap[] = [];

  /** @param calendars by the names that messages call them */
  constructor(
    private readonly source: TickSource,
    private readonly calendars: ReadonlyMap<string, Calendar>,
  ) {}

  next(after: number): number | undefined {
    return goOn(this.search(after))?.found;
  }

  *search(after: number, until = Infinity): Search<number | undefined> {
    const gap = this.gapAt(after) ?? { from: after, to: after };
    for (let passed = 1; ; passed += 1) {
      const tick = this.source.next(gap.to);
      if (tick === undefined || tick > until || tick >= END_OF_TIME) return undefined;
      const end = excludedUntil(this.calendars, tick);
      if (end === undefined) return tick;
      // At the end of an exclusion there may be a tick.
      gap.to = Math.max(gap.to, Math.min(end, END_OF_TIME) - 1);
      if (passed === WORTH_REMEMBERING) this.remember(gap);
      yield;
    }
  }

  emptyUntil(after: number): number {
    return this.gapAt(after)?.to ?? after;
  }

  private gapAt(after: number): Gap | undefined {
    return this.gaps.findLast(({ from, to }) => after >= from && after <= to);
  }

  private remember(gap: Gap): void {
    if (this.gaps.includes(gap)) return;
    this.gaps.push(gap);
    if (this.gaps.length > MOST_GAPS) this.gaps.shift();
  }
}

/**
 * @returns a moment before which all are excluded, at least the next one; undefined when this one
 *   is not
 */
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
