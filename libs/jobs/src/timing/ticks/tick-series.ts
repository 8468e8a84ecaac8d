import { goOn, type Search } from './search.js';

/** A series of ticks. All times are Unix milliseconds. @internal */
export interface TickSource {
  /**
   * The first tick that is strictly later; undefined when there is none, or none was found within a
   * turn.
   */
  next(after: number): number | undefined;
}

/** A series of which much may have to be passed over to find a tick. @internal */
export interface SearchedTicks extends TickSource {
  /** The first tick that is strictly later, and not later than `until`. */
  search(after: number, until?: number): Search<number | undefined>;
  /** There is no tick after `after` up to this moment, as far as was searched. */
  emptyUntil(after: number): number;
}

/** The first tick in (after, until]. @internal */
export function* tickIn(
  source: TickSource,
  after: number,
  until: number,
): Search<number | undefined> {
  const tick = isSearched(source) ? yield* source.search(after, until) : source.next(after);
  return tick === undefined || tick > until ? undefined : tick;
}

/**
 * When to look for a tick after a moment: when the first one is, or up to when there is none for
 * certain, which is early enough to go on searching. Infinity when there is none at all.
 * @internal
 */
export function nextLook(source: TickSource, after: number): number {
  if (!isSearched(source)) return source.next(after) ?? Infinity;
  const turn = goOn(source.search(after));
  return turn === undefined ? emptyUntil(source, after) : (turn.found ?? Infinity);
}

/** See {@link SearchedTicks}. @internal */
export function emptyUntil(source: TickSource, after: number): number {
  return isSearched(source) ? source.emptyUntil(after) : after;
}

function isSearched(source: TickSource): source is SearchedTicks {
  return 'search' in source;
}
