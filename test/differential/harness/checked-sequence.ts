import { CallGenerator, someOptions } from '../generators/call-generator.js';
import { RecordedCalls } from './call-source.js';
import { describeFailure, storeSequence } from './failure-report.js';
import type { Sequence } from './recorded-call.js';
import { SeededRandom } from './seeded-random.js';
import { type Arena, runSequence } from './sequence-runner.js';
import { shrink } from './sequence-shrinker.js';

/** Calls between two looks at everything. */
const COMPARE_EVERY = 25;

/** A sequence on which the two sides do not agree. */
export class SidesDifferError extends Error {
  override readonly name = 'SidesDifferError';

  constructor(
    message: string,
    readonly shrunk: Sequence,
    /** Where the shrunk sequence is stored. */
    readonly file: string,
  ) {
    super(message);
    // The frames of the harness say nothing about the difference.
    this.stack = message;
  }
}

/**
 * Runs the sequence of a seed.
 *
 * @throws SidesDifferError, with a shrunk sequence.
 */
export async function expectSeedAgrees(
  arena: Arena,
  seed: number,
  length: number,
): Promise<number> {
  const random = new SeededRandom(seed);
  const options = someOptions(random);
  const source = new CallGenerator(random, arena.clock, options, length);
  const { calls, differences } = await runSequence(arena, options, source, COMPARE_EVERY);
  if (differences.length > 0) await fail(arena, { seed, options, calls });
  return calls.length;
}

/** Runs a stored sequence: see expectSeedAgrees(). */
export async function expectReplayAgrees(arena: Arena, sequence: Sequence): Promise<void> {
  const source = new RecordedCalls(sequence.calls);
  const { differences } = await runSequence(arena, sequence.options, source, 1);
  if (differences.length > 0) await fail(arena, sequence);
}

async function fail(arena: Arena, { seed, options, calls }: Sequence): Promise<never> {
  const { calls: shrunk, differences } = await shrink(arena, options, calls);
  const sequence = { seed, options, calls: shrunk };
  const file = storeSequence(sequence);
  throw new SidesDifferError(describeFailure(sequence, file, differences), sequence, file);
}
