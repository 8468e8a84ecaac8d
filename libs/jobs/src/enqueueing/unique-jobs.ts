import type { Queue } from 'bullmq';
import type { PreparedJob } from './prepared-job.js';

/**
 * The other job may start, end, and be followed by a third at any moment; nobody is that quick for
 * long.
 */
const MOST_TRIES = 10;

/**
 * Lets a job that is there run with the arguments of one that could not be stored beside it.
 *
 * Nothing is removed, so nothing is lost by a crash in between. Arguments are read in the very step
 * in which a job is claimed: if it is not active after they were changed, it will run with the new
 * ones. If it is, the new job is offered again: it is stored to run next, or now if the other one
 * has ended; at worst the same arguments run twice.
 * @param insert offers the job again, and sets `storedAs`
 * @internal
 */
export async function replaceOther(
  queue: Queue,
  job: PreparedJob,
  insert: () => Promise<void>,
): Promise<void> {
  let wasActive = false;
  for (let tries = 0; tries < MOST_TRIES && job.storedAs !== undefined; tries += 1) {
    const other = await queue.getJob(job.storedAs);
    const state = await other?.getState();
    if (other !== undefined && state === 'active') {
      // Offered to a job that was active already: it is stored to run next, where that is asked
      // for.
      if (wasActive || job.unique?.until !== 'finished') return;
      wasActive = true;
    } else if (other !== undefined && !isOver(state)) {
      await other.updateData(job.data).catch(() => undefined);
      const after = await other.getState();
      if (after !== 'active' && !isOver(after)) return;
    } else if (job.unique?.forMs !== undefined) {
      // It has ended, and its time is not over.
      return;
    }
    delete job.storedAs;
    await insert();
  }
}

function isOver(state: string | undefined): boolean {
  return state === 'completed' || state === 'failed' || state === 'unknown' || state === undefined;
}
