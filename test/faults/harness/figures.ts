import { SEED } from './seeds.js';

/** The smallest value that `percent` of the values do not exceed; NaN of nothing. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** `p50 12 ms, p99 40 ms, max 44 ms`, in seconds where that reads better. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return 'none';
  return `p50 ${time(percentile(values, 50))}, p99 ${time(percentile(values, 99))}, max ${time(Math.max(...values))}`;
}

/** Prints a row's figures: one line, so that they can be collected from a log. */
export function printFigures(row: string, figures: string): void {
  console.log(`faults: ${row}: ${figures} (seed ${SEED})`);
}

function time(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
