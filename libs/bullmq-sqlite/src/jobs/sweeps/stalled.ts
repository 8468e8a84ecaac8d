import type { QueueRecord, Transaction } from '../../store/index.js';
import { countMove } from '../row/job-lists.js';
import type { JobRow } from '../row/job-row.js';
import { trimEvents } from '../queue/queue-settings.js';
import { positionAt } from '../row/ranks.js';
import { recountAll } from '../row/recount.js';
import { SWEEP_ROWS, type SweepStep } from './sweep-step.js';
import { wholeNumber } from '../row/whole-number.js';

const FAILED_REASON = 'job stalled more than allowable limit';

const ACTIVE = `SELECT seq, id, rank, maybe_stalled, lock_until, stalled_count, scheduler_id FROM job
  WHERE queue = ? AND state = 'active' AND rank > ? AND rank <= ? ORDER BY rank LIMIT +?`;
const RECOVER = `UPDATE job SET state = 'waiting', rank = ?, stalled_count = stalled_count + 1,
  deferred_failure = coalesce(?, deferred_failure), maybe_stalled = 0 WHERE seq = ?`;
const SUSPECT = `UPDATE job SET maybe_stalled = 1
  WHERE queue = ? AND state = 'active' AND rank > ? AND rank <= ? AND maybe_stalled = 0`;
const HAS_SCHEDULER = 'SELECT 1 FROM scheduler WHERE queue = ? AND id = ?';

type ActiveJob = Pick<
  JobRow,
  'seq' | 'id' | 'maybe_stalled' | 'lock_until' | 'stalled_count' | 'scheduler_id'
> & { rank: number };

/** What a job may do before it counts as stalled. */
export interface StalledLimits {
  /** How often a job may stall before it fails. */
  maxStalledCount: number;
  /** Checks are at least this far apart, in ms. */
  stalledInterval: number;
}

/**
 * How far a check for stalled jobs has come: the ranks of the active jobs that are left to look at.
 */
export interface StalledProgress {
  after: number;
  last: number;
}

/**
 * The two phases of BullMQ's check for stalled jobs: a job that was active at the last check, and
 * holds no lock any more, goes back to the front; all that are active now are looked at by the next
 * check. A job that stalled too often is marked, and fails when it is claimed; a scheduler's job
 * never is.
 *
 * It is also what counts the queue's lists anew.
 *
 * Nothing is done when the last check was less than `stalledInterval` ms ago.
 *
 * @param progress - What the step before returned as `next`; undefined for the first step.
 */
export function recoverStalledStep(
  transaction: Transaction,
  queueName: string,
  limits: StalledLimits,
  progress?: StalledProgress,
): SweepStep<StalledProgress> {
  const { stalledInterval } = limits;
  const now = transaction.steadyNow();
  if (progress === undefined) {
    if (transaction.queue(queueName).stalledCheckUntil > now) return { removed: [] };
    transaction.change(queueName).stalledCheckUntil = now + wholeNumber(stalledInterval);
  }
  const queue = transaction.change(queueName);
  if (progress === undefined) recountAll(transaction, queue);
  trimEvents(transaction, queue);
  const { after, last } = progress ?? { after: 0, last: queue.lastPosition };

  const jobs = transaction.all<ActiveJob>(ACTIVE, queue.id, after, last, SWEEP_ROWS);
  const stalled = jobs.filter((job) => job.maybe_stalled === 1 && job.lock_until <= now);
  for (const job of stalled) recover(transaction, queue, job, limits.maxStalledCount);
  const reached = jobs.at(-1)?.rank ?? last;
  transaction.runKeepingReady(SUSPECT, queue.id, after, reached);

  const removed = stalled.map(({ id }) => id);
  return jobs.length < SWEEP_ROWS ? { removed } : { removed, next: { after: reached, last } };
}

/** Puts a stalled job in front of the waiting ones, whatever its priority, as on Redis. */
function recover(
  transaction: Transaction,
  queue: QueueRecord,
  job: ActiveJob,
  maxStalledCount: number,
): void {
  const tooOften = job.stalled_count + 1 > maxStalledCount && !isScheduled(transaction, queue, job);
  const failure = tooOften ? FAILED_REASON : null;
  transaction.run(RECOVER, positionAt(queue, 'front'), failure, job.seq);
  countMove(queue, 'active', 'waiting');
  transaction.emit(queue, 'waiting', job.id, { prev: 'active' });
  transaction.emit(queue, 'stalled', job.id);
}

function isScheduled(
  transaction: Transaction,
  queue: QueueRecord,
  { scheduler_id: scheduler }: ActiveJob,
): boolean {
  return scheduler !== null && transaction.get(HAS_SCHEDULER, queue.id, scheduler) !== undefined;
}
