import { loadSubject, QUEUE, type OpenSubject } from '../subjects/index.js';
import type { Work } from './scenario.js';

/** How many jobs one `addBulk` or `enqueueMany` takes. */
export const BULK_SIZE = 1_000;

/** Opens the subject of a round. Without `onJob` it has no worker. */
export async function openSubject(
  { contestant, engine, isolation, concurrency }: Work,
  onJob?: (index: number) => void,
  keys?: number,
): Promise<OpenSubject> {
  if (contestant === 'plain') throw new Error('expected a subject, got the plain application');
  const subject = await loadSubject(contestant);
  return subject.open({
    engine,
    isolation,
    concurrency,
    worker: onJob !== undefined,
    onJob: onJob ?? (() => undefined),
    ...(keys !== undefined && { keys }),
  });
}

/** Stores the jobs 0 to `jobs` - 1, {@link BULK_SIZE} in each call. */
export async function enqueueInBulk(subject: OpenSubject, jobs: number): Promise<void> {
  for (let from = 0; from < jobs; from += BULK_SIZE) {
    const size = Math.min(BULK_SIZE, jobs - from);
    await subject.enqueueMany(Array.from({ length: size }, (_, offset) => from + offset));
  }
}

/**
 * Asks the store, through BullMQ itself, whether the round did what it claims.
 * @throws Error unless so many jobs wait, none is active and none has failed
 */
export async function assertWaiting({ engine, isolation }: Work, expected: number): Promise<void> {
  const bullmq = await engine.openBullmq(isolation);
  const queue = bullmq.queue(QUEUE);
  const counts = await queue.getJobCounts('waiting', 'active', 'failed', 'delayed');
  await queue.close();
  await bullmq.close();
  const { waiting = 0, active = 0, failed = 0, delayed = 0 } = counts;
  if (waiting !== expected || active + failed + delayed > 0) {
    throw new Error(
      `expected ${expected} waiting jobs and no other in ${engine.name}, got ${JSON.stringify(counts)}`,
    );
  }
}
