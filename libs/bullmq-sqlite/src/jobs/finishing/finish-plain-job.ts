import type { QueueRecord, Transaction } from '../../store/index.js';
import { recallClaim } from '../claiming/claimed-jobs.js';
import type { Finish } from './finish.js';

/** An active job that nobody else has to be told of, under its lock. */
const PLAIN = `seq = ? AND state = 'active' AND lock_token = ? AND lock_until > ? AND parent_key IS NULL
  AND deduplication_id IS NULL AND has_children = 0`;
const COMPLETE = `UPDATE job SET state = 'completed', rank = ?, finished_on = ?, return_value = ?,
  attempts_made = attempts_made + 1, lock_token = NULL, lock_until = 0, maybe_stalled = 0 WHERE ${PLAIN}`;
const REMOVE = `DELETE FROM job WHERE ${PLAIN}`;

/**
 * The short way for most jobs: one statement completes a job that has neither children, a parent
 * nor a deduplication id, and that was claimed here.
 *
 * @returns Whether it did; the long way finds out what else there is to do, or why it must not.
 */
export function completePlainJob(
  transaction: Transaction,
  queue: QueueRecord,
  { jobId, state, fields, keep, token, value, now, called }: Finish,
): boolean {
  if (state !== 'completed' || fields !== undefined) return false;
  const seq = recallClaim(queue, jobId);
  if (seq === undefined) return false;
  const steadyNow = transaction.steadyNow(called);
  const completed =
    keep.count === 0
      ? transaction.runKeepingReady(REMOVE, seq, token, steadyNow)
      : transaction.runKeepingReady(COMPLETE, now, now, value, seq, token, steadyNow);
  return completed === 1;
}
