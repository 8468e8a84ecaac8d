import { monotonicNow } from '../../timers/index.js';

/**
 * A search that can be paused: it yields at each step. What runs through many ticks is one, since a
 * calendar may exclude millions of them, and nobody may hold up the process for so long.
 * @internal
 */
export type Search<T> = Generator<void, T, void>;

/** For so long a search may keep the process for itself, in ms. */
const TURN_MS = 10;

/**
 * Goes on with a search for a turn, and for one step at the least.
 * @param forMs how long a turn is
 * @returns what was found; undefined while it has not come to its end
 * @internal
 */
export function goOn<T>(search: Search<T>, forMs = TURN_MS): { readonly found: T } | undefined {
  for (const end = monotonicNow() + forMs; ;) {
    const { done, value } = search.next();
    if (done) return { found: value };
    if (monotonicNow() >= end) return undefined;
  }
}
