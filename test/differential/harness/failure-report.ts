import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { Difference } from './compared-pair.js';
import { type Call, type Sequence, stringifySequence } from './recorded-call.js';

const SHOWN_DIFFERENCES = 6;
const SHOW = { depth: 8, breakLength: 160, maxArrayLength: 60, maxStringLength: 300 };

/** Where the shrunk sequence of a seed is stored. */
export function storeSequence(shrunk: Sequence): string {
  const file = join(tmpdir(), `differential-${shrunk.seed}.json`);
  writeFileSync(file, stringifySequence(shrunk));
  return file;
}

/**
 * What a failed test prints: the seed, the shrunk sequence, where it is stored, and what differed.
 */
export function describeFailure(
  shrunk: Sequence,
  file: string,
  differences: readonly Difference[],
): string {
  return [
    `The sides differ in a sequence of ${shrunk.calls.length} calls (shrunk).`,
    `again, all of it: DIFFERENTIAL_SEED=${shrunk.seed}`,
    `again, shrunk:    DIFFERENTIAL_REPLAY=${file}`,
    `options: ${show(shrunk.options)}`,
    ...shrunk.calls.map((call, index) => describeCall(call, shrunk.calls[index - 1], index)),
    ...differences.slice(0, SHOWN_DIFFERENCES).map(({ what, reference, candidate }) => {
      return `--- ${what}\n  reference: ${show(reference)}\n  candidate: ${show(candidate)}`;
    }),
    `(${differences.length} differences in all)`,
  ].join('\n');
}

/** One line, with the time since the call before. */
function describeCall(
  { at, queue, method, args }: Call,
  before: Call | undefined,
  index: number,
): string {
  const shown = args.map((arg) => inspect(arg, { ...SHOW, breakLength: Infinity })).join(', ');
  return `${index + 1}. +${at - (before?.at ?? at)} ms ${queue}.${method}(${shown})`;
}

function show(value: unknown): string {
  return inspect(value, SHOW);
}
