import { performance } from 'node:perf_hooks';
import { QUEUE } from '../subjects/index.js';
import type { Backlog } from './sample.js';
import type { Scenario, Work } from './scenario.js';
import { enqueueInBulk, openSubject } from './subject-session.js';

/** The long backlog is so many times `--jobs`: 1,000,000 by default. */
const LONG = 50;

/** Jobs that still wait at the end of the comparison with a short backlog. */
const SHORT = 1_000;

/** The part of `--jobs` that is processed before each backlog. */
const PROCESSED_SHARE = 1 / 4;

/**
 * What jobs cost that are processed while very many others wait, beside the same with few. The
 * figures of the row are those of the long backlog.
 */
export const backlogScenario: Scenario = {
  name: 'backlog',
  summary: 'process a part of 50 times --jobs waiting jobs, beside the same with 1,000',
  compares: 'throughput',
  isLong: true,
  rounds: 1,
  share: 1,

  async run(work) {
    const processed = Math.max(2, Math.round(work.jobs * PROCESSED_SHARE));
    const short = await processBefore(work, SHORT, processed);
    // So that the retention of finished jobs does not begin in the middle of the long one.
    await removeAll(work);
    const long = await processBefore(work, LONG * work.jobs, processed);
    const sample = await work.meter.sample(processed);
    const backlog: Backlog = {
      waiting: LONG * work.jobs,
      costRatio: long / short,
      ...(await lookFromOutside(work)),
    };
    return { ...sample, backlog };
  },
};

/** @returns how long the last `processed` jobs took, in ms */
async function processBefore(work: Work, left: number, processed: number): Promise<number> {
  const { meter } = work;
  const warmUp = Math.ceil(processed / 4);
  const producer = await openSubject(work);
  await enqueueInBulk(producer, left + warmUp + processed);
  await producer.close();
  await meter.prepare();
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let handled = 0;
  let startedAt = 0;
  let tookMs = 0;
  const consumer = await openSubject(work, () => {
    handled += 1;
    if (handled === warmUp) {
      meter.start();
      startedAt = performance.now();
    } else if (handled === warmUp + processed) {
      meter.stop();
      tookMs = performance.now() - startedAt;
      resolve();
    }
  });
  await done;
  await consumer.close();
  return tookMs;
}

async function removeAll({ engine, isolation }: Work): Promise<void> {
  const bullmq = await engine.openBullmq(isolation);
  const queue = bullmq.queue(QUEUE);
  await queue.obliterate({ force: true });
  await queue.close();
  await bullmq.close();
}

/** Opens the store anew and asks for the counts. */
async function lookFromOutside({ engine, isolation }: Work) {
  const openedAt = performance.now();
  const bullmq = await engine.openBullmq(isolation);
  const queue = bullmq.queue(QUEUE);
  await queue.waitUntilReady();
  const openMs = performance.now() - openedAt;
  const askedAt = performance.now();
  await queue.getJobCounts();
  const countsMs = performance.now() - askedAt;
  await queue.close();
  await bullmq.close();
  return { openMs, countsMs };
}
