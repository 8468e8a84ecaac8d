/**
 * A number as an integer column holds it: without its fraction, which BullMQ drops when it reads
 * these fields, and within what JavaScript counts exactly.
 */
export function wholeNumber(value: number): number {
  const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;
  return Math.trunc(Math.min(Math.max(value, MIN_SAFE_INTEGER), MAX_SAFE_INTEGER));
}
