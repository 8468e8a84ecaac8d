import { readFileSync } from 'node:fs';
import { parseSequence, type Sequence } from './recorded-call.js';

const FIRST_SEED = 1;

/**
 * How many sequences to run: in CI all that a change must pass, elsewhere as many as somebody waits
 * for.
 */
const sequences = numberFrom('DIFFERENTIAL_SEQUENCES') ?? (process.env['CI'] ? 200 : 24);

/** How many calls a sequence has. */
export const operations = numberFrom('DIFFERENTIAL_OPERATIONS') ?? 500;

/** The seeds of the sequences to run; DIFFERENTIAL_SEED is the first of many, or the only one. */
export function seeds(): number[] {
  const first = numberFrom('DIFFERENTIAL_SEED');
  const isAlone = first !== undefined && numberFrom('DIFFERENTIAL_SEQUENCES') === undefined;
  const count = isAlone ? 1 : sequences;
  return Array.from({ length: count }, (_, index) => (first ?? FIRST_SEED) + index);
}

/** A stored sequence to run instead of the random ones: the file that a failure names. */
export function replay(): Sequence | undefined {
  const file = process.env['DIFFERENTIAL_REPLAY'];
  return file ? parseSequence(readFileSync(file, 'utf8')) : undefined;
}

function numberFrom(variable: string): number | undefined {
  const value = process.env[variable];
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  if (!Number.isInteger(number)) {
    throw new Error(`${variable}: expected a whole number, got ${JSON.stringify(value)}`);
  }
  return number;
}
