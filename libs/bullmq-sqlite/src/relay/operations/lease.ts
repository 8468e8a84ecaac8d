/**
 * The time, in ms, that is so far away, as an integer column holds it: a message can be retained for longer than
 * JavaScript counts exactly.
 */
export function timeIn(milliseconds: number, now: number): number {
  return Math.min(Math.floor(now + milliseconds), Number.MAX_SAFE_INTEGER);
}
