/** The middle value; the mean of both middle ones of an even number. NaN of no values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The smallest value that `part` of the values do not exceed.
 * @param sorted in ascending order
 * @param part 0 to 1
 */
export function percentile(sorted: readonly number[], part: number): number {
  const index = Math.ceil(part * sorted.length) - 1;
  return sorted[Math.max(0, index)] ?? Number.NaN;
}

/** The median of what one field of many samples holds, or undefined where none has it. */
export function medianOf<T>(items: readonly T[], pick: (item: T) => number | undefined) {
  const values = items.map(pick).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}
