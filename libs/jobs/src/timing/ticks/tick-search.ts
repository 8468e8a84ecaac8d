import type { Search } from './search.js';
import { tickIn, type TickSource } from './tick-series.js';

/** Ticks are counted up to here: what is more is "very many". */
const MOST_COUNTED = 10_000;

/** Where a search for the newest ticks begins to look, in ms before the last one. */
const FIRST_SPAN_MS = 1_000;

/**
 * The last tick in (after, until]; undefined when there is none. By bisection: long gaps cost
 * nothing. @internal
 */
export function* lastTick(
  source: TickSource,
  after: number,
  until: number,
): Search<number | undefined> {
  let found = yield* tickIn(source, after, until);
  let end = until;
  // The last tick is `found`, or lies between it and `end`.
  while (found !== undefined && end > found) {
    const middle = Math.floor((found + end) / 2);
    const later: number | undefined = yield* tickIn(source, middle, until);
    if (later === undefined) end = middle;
    else found = later;
  }
  return found;
}

/** The ticks in (after, until], the oldest first, at most `limit`. @internal */
export function* oldestTicks(
  source: TickSource,
  after: number,
  until: number,
  limit: number,
): Search<number[]> {
  const ticks: number[] = [];
  let last = after;
  while (ticks.length < limit) {
    const tick = yield* tickIn(source, last, until);
    if (tick === undefined) break;
    ticks.push(tick);
    last = tick;
    yield;
  }
  return ticks;
}

/** The last `limit` ticks in (after, until], the oldest of them first. @internal */
export function* newestTicks(
  source: TickSource,
  after: number,
  until: number,
  limit: number,
): Search<number[]> {
  const last = yield* lastTick(source, after, until);
  if (last === undefined) return [];
  for (let span = FIRST_SPAN_MS; ; span *= 2) {
    const from = Math.max(after, last - span);
    const ticks = yield* oldestTicks(source, from, last, Infinity);
    if (ticks.length >= limit || from === after)
      return ticks.slice(Math.max(ticks.length - limit, 0));
  }
}

/** How many ticks are in (after, until]; 10,000 for that many and more. @internal */
export function* countTicks(source: TickSource, after: number, until: number): Search<number> {
  return (yield* oldestTicks(source, after, until, MOST_COUNTED)).length;
}
