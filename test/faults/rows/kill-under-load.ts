import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { type Verdict, violations } from '../harness/checker.js';
import { spread } from '../harness/figures.js';
import type { Row } from '../harness/row.js';

/** How often a row kills what. */
export interface KillPlan {
  jobs: number;
  kills: number;
  workers: number;
  concurrency: number;
  /** How long a job takes. Long enough that there are jobs in flight at the last kill. */
  ms: readonly [number, number];
  /** Absent: the module's own defaults. */
  lock?: { duration: number; sweep: number };
  deadlineMs: number;
}

/** The numbers of the long form. */
export const FULL_KILLS = {
  jobs: 20_000,
  kills: 200,
  workers: 4,
  concurrency: 10,
  ms: [300, 700],
  deadlineMs: 1_200_000,
} satisfies Partial<KillPlan>;

/** Enqueues while workers are killed and replaced; all that was acked must have run. */
export async function killUnderLoad(row: Row, plan: KillPlan): Promise<Verdict> {
  const { jobs, kills, concurrency, lock, deadlineMs } = plan;
  const options = { defaults: { concurrency }, ...(lock && { lock }) };
  const [producer, observer, ...workers] = await Promise.all([
    row.startProducer(),
    row.startProducer(),
    ...Array.from({ length: plan.workers }, () => row.start({ options })),
  ]);
  const load = (from: AppProcess, first: number, end: number) =>
    from.call('enqueue', {
      label: 'job',
      first,
      count: end - first,
      behaviour: { does: 'work', ms: plan.ms },
      seed: row.random.int(0, 1e9),
    });

  // The producer dies in the middle of its work too: what it was told is stored must be.
  const unfinished = load(producer, 0, jobs / 4).catch(() => undefined);
  await row.until('jobs are enqueued', () => row.ledger.of('acked').length > jobs / 8, 20_000);
  await row.kill(producer);
  await unfinished;
  const rest = load(observer, jobs / 4, jobs);

  // By progress and not by the clock, so that every kill hits running jobs.
  for (const progress of row.random.ascending(kills, jobs * 0.1, jobs * 0.7)) {
    await row.until(
      `${progress} jobs have started`,
      () => row.startedCount() >= progress,
      deadlineMs,
    );
    await delay(row.random.int(0, 30));
    const victim = row.random.int(0, workers.length - 1);
    await row.kill(workers[victim]!);
    workers[victim] = await row.start({ options });
  }
  await rest;
  const verdict = await row.settled(observer, deadlineMs);

  const { acked, uncertain, lost, duplicated, inFlight, recoveries } = verdict;
  row.print(
    `${kills} kills, acked ${acked}, uncertain ${uncertain}, lost ${lost.length}, duplicated ` +
      `${duplicated.length} (in flight ${inFlight}), recovery ${spread(recoveries)}`,
  );
  return verdict;
}

/**
 * What holds whatever the lock is: nothing lost, and repeated only what was in flight at a kill.
 */
export function expectPromises(verdict: Verdict, { kills, concurrency }: KillPlan): void {
  const { duplicated, inFlight, recoveries } = verdict;
  expect(violations(verdict)).toEqual([]);
  expect(inFlight).toBeGreaterThan(0);
  expect(recoveries).toHaveLength(inFlight);
  expect(duplicated.length).toBeLessThanOrEqual(kills * concurrency);
}
