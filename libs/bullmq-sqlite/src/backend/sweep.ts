import { SWEEP_ROWS, type SweepStep } from '../jobs/sweeps/sweep-step.js';

/**
 * Repeats a step, each in its own transaction, until nothing is left. Other operations run in
 * between.
 *
 * @param step - Gets what the step before returned as `next`; undefined at first.
 * @returns The ids of all jobs that were taken out of a list, in order.
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

/**
 * Deals with at most `limit` jobs in portions, each in its own transaction, until there are no
 * more. Other operations run in between.
 *
 * @param step - Deals with so many jobs, or all that there are; returns how many.
 * @returns How many jobs there were in all.
 */
export async function inPortions(
  limit: number,
  step: (limit: number) => Promise<number>,
): Promise<number> {
  let total = 0;
  while (total < limit) {
    const portion = Math.min(limit - total, SWEEP_ROWS);
    const dealtWith = await step(portion);
    total += dealtWith;
    if (dealtWith < portion) break;
  }
  return total;
}
