import { performance } from 'node:perf_hooks';
import type { Scenario, Work } from './scenario.js';
import { enqueueInBulk, openSubject } from './subject-session.js';

/** Each with one turn. */
const KEYS = 200;

/**
 * Parts of a round, with keys and without in turns: what else the machine does meets both alike.
 */
const PARTS = 4;

/**
 * Jobs with concurrency keys from their enqueueing to the end of the last one, beside the same jobs
 * without. The figures of the row are those with keys. BullMQ has no keys: its figures are those of
 * jobs without.
 */
export const keyedScenario: Scenario = {
  name: 'keyed',
  summary: 'enqueue and process jobs of 200 concurrency keys, beside the same jobs without',
  compares: 'throughput',
  rounds: 5,
  share: 1 / 2,

  async run(work) {
    const { meter, contestant } = work;
    const jobs = Math.ceil(work.jobs / PARTS);
    const free: number[] = [];
    const keyed: number[] = [];
    await enqueueAndProcess(work, work.warmUp, contestant === 'jobs' ? KEYS : undefined);
    await meter.prepare();
    meter.start();
    for (let part = 0; part < PARTS; part += 1) {
      if (contestant === 'jobs') {
        const isFirst = part % 2 === 0;
        if (isFirst) free.push(await enqueueAndProcess(work, jobs, undefined));
        keyed.push(await enqueueAndProcess(work, jobs, KEYS));
        if (!isFirst) free.push(await enqueueAndProcess(work, jobs, undefined));
      } else {
        keyed.push(await enqueueAndProcess(work, jobs, undefined));
      }
    }
    meter.stop();
    const done = jobs * PARTS;
    const sample = await meter.sample(contestant === 'jobs' ? 2 * done : done);
    const wallMs = sum(keyed);
    if (contestant !== 'jobs') return { ...sample, wallMs };
    return { ...sample, jobs: done, wallMs, keyedRatio: sum(free) / wallMs };
  },
};

/** @returns how long it took, in ms */
async function enqueueAndProcess(
  work: Work,
  jobs: number,
  keys: number | undefined,
): Promise<number> {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let handled = 0;
  const onJob = (): void => {
    handled += 1;
    if (handled === jobs) resolve();
  };
  const subject = await openSubject(work, onJob, keys);
  const startedAt = performance.now();
  await enqueueInBulk(subject, jobs);
  await done;
  const tookMs = performance.now() - startedAt;
  await subject.close();
  return tookMs;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
