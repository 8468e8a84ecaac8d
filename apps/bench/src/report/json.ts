import type { Row } from '../row.js';

/** A row as one line of JSON. Numbers are rounded to what the measurement is worth. */
export function toJsonLine(row: Row): string {
  const { engine, scenario, subject, jobsPerSecond, p50Ms, p99Ms, ratio, ...rest } = row;
  // The promised fields first, in their order.
  const line = { engine, scenario, subject, jobsPerSecond, p50Ms, p99Ms, ratio, ...rest };
  return JSON.stringify(line, (key, value: unknown) => {
    if (typeof value !== 'number') return value;
    return Number(value.toFixed(key === 'jobsPerSecond' ? 0 : 3));
  });
}
