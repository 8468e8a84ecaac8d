import type { CallSource } from './call-source.js';
import { whyNotCompared } from './left-out-calls.js';
import { ComparedPair, type Difference } from './compared-pair.js';
import { stepsOf } from './composite-calls.js';
import { type ControlledClock, START_OF_TIME } from './controlled-clock.js';
import type { OutcomeTally } from './outcome-tally.js';
import type { Call, SideOptions } from './recorded-call.js';
import type { SideSource } from './side.js';

/** What a run needs, whichever calls it makes. */
export interface Arena {
  readonly reference: SideSource;
  readonly candidate: SideSource;
  readonly clock: ControlledClock;
  /** Counts what became of the calls, over all runs. */
  readonly tally?: OutcomeTally | undefined;
}

export interface RunResult {
  /** The calls that were made: a run can be repeated by them. */
  readonly calls: Call[];
  /** Where the sides did not agree; empty for a run without a difference. It ends the run. */
  readonly differences: Difference[];
}

/** After these calls the unread events are gone, or nobody knows which of them. */
const LOSES_EVENTS: ReadonlySet<string> = new Set(['obliterate', 'trimEvents']);

/**
 * Runs calls on two new sides until there are no more, or until the sides disagree.
 *
 * @param compareEvery - calls between two looks at everything; there is one at the end, too.
 */
export async function runSequence(
  arena: Arena,
  options: SideOptions,
  source: CallSource,
  compareEvery: number,
): Promise<RunResult> {
  arena.clock.set(START_OF_TIME);
  const pair = new ComparedPair(
    await arena.reference.open(options),
    await arena.candidate.open(options),
  );
  try {
    return await run(arena, pair, options, source, compareEvery);
  } finally {
    await Promise.all([pair.reference.close(), pair.candidate.close()]);
  }
}

async function run(
  { clock, tally }: Arena,
  pair: ComparedPair,
  options: SideOptions,
  source: CallSource,
  compareEvery: number,
): Promise<RunResult> {
  const calls: Call[] = [];
  const look = (): Promise<Difference[]> =>
    pair.compare((queue, lists) => {
      source.see(queue, lists);
    });
  for (let call = await source.next(); call !== undefined; call = await source.next()) {
    clock.set(call.at);
    if ((await whyNotCompared(call, pair.reference, options)) !== undefined) continue;
    calls.push(call);
    const differences: Difference[] = [];
    for (const step of stepsOf(call, options)) {
      clock.set(step.at);
      if (LOSES_EVENTS.has(step.method)) differences.push(...(await look()));
      const made = await pair.call(step);
      source.learn(step, made.outcome);
      tally?.note(step, made.outcome);
      differences.push(...made.differences);
    }
    if (differences.length === 0 && calls.length % compareEvery === 0) {
      differences.push(...(await look()));
    }
    if (differences.length > 0) return { calls, differences };
  }
  return { calls, differences: await pair.compareAll() };
}
