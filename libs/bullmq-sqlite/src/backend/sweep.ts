import type { SweepStep } from '../jobs/sweep-step.js';

/**
 * Repeats a step, each in its own transaction, until nothing is left. Other operations run in between.
 *
 * @param step - Gets what the step before returned as `next`; undefined at first.
 * @returns The ids of all jobs that were removed, in order.
 */
export async function sweep<Progress>(
  step: (progress: Progress | undefined) => Promise<SweepStep<Progress>>,
): Promise<string[]> {
  const removed: string[] = [];
  let progress: Progress | undefined;
  do {
    const { removed: some, next } = await step(progress);
    for (const id of some) removed.push(id);
    progress = next;
  } while (progress !== undefined);
  return removed;
}
