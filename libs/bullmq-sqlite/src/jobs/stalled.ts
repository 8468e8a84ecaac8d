import type { QueueRecord, Transaction } from '../store/index.js';
import { makeReady } from './job-lists.js';
import { type JobRow } from './job-row.js';
import { trimEvents } from './queue-settings.js';

const FAILED_REASON = 'job stalled more than allowable limit';

const STALLED = `SELECT seq, id, state, priority, stalled_count, scheduler_id FROM job
  WHERE queue = ? AND state = 'active' AND maybe_stalled = 1 AND lock_until <= ? ORDER BY rank`;
const COUNT_STALL =
  'UPDATE job SET stalled_count = stalled_count + 1, deferred_failure = ?, maybe_stalled = 0 WHERE seq = ?';
const SUSPECT = `UPDATE job SET maybe_stalled = 1 WHERE queue = ? AND state = 'active'`;
const HAS_SCHEDULER = 'SELECT 1 FROM scheduler WHERE queue = ? AND id = ?';

/**
 * The two phases of BullMQ's stalled sweep: a job that was active at the last sweep, and holds no lock any
 * more, goes back to the front; all that are active now are looked at by the next sweep. A job that stalled
 * too often is marked, and fails when it is claimed; a scheduler's job never is.
 *
 * @returns The ids of the jobs that went back; none when the last sweep was less than `stalledInterval` ms ago.
 */
export function recoverStalled(
  transaction: Transaction,
  queueName: string,
  options: { maxStalledCount: number; stalledInterval: number; now: number },
): string[] {
  const { maxStalledCount, stalledInterval, now } = options;
  if (transaction.queue(queueName).stalledCheckUntil > now) return [];
  const queue = transaction.change(queueName);
  queue.stalledCheckUntil = now + stalledInterval;
  trimEvents(transaction, queue);

  const stalled = transaction.all<JobRow>(STALLED, queue.id, now);
  for (const job of stalled) {
    const tooOften =
      job.stalled_count + 1 > maxStalledCount && !isScheduled(transaction, queue, job);
    transaction.run(COUNT_STALL, tooOften ? FAILED_REASON : null, job.seq);
    // The stalled job goes into `waiting` whatever its priority, as on Redis.
    makeReady(transaction, queue, { ...job, priority: 0 }, 'front');
    transaction.emit(queue, 'waiting', job.id, { prev: 'active' });
    transaction.emit(queue, 'stalled', job.id);
  }
  transaction.run(SUSPECT, queue.id);
  return stalled.map(({ id }) => id);
}

function isScheduled(transaction: Transaction, queue: QueueRecord, job: JobRow): boolean {
  if (job.scheduler_id === null) return false;
  return transaction.get(HAS_SCHEDULER, queue.id, job.scheduler_id) !== undefined;
}
