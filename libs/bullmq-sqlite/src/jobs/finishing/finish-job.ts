import { ErrorCode } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';
import { claimNext, type ClaimResult } from '../claiming/claim-job.js';
import { finishDeduplication } from './finish-deduplication.js';
import { unsettledChildren } from '../flows/flow.js';
import { leaveParent } from '../flows/flow-leave.js';
import { settleInParent } from '../flows/flow-settle.js';
import { countMove } from '../row/job-lists.js';
import type { Finish, Retention } from './finish.js';
import { completePlainJob } from './finish-plain-job.js';
import { findJob, type JobRow } from '../row/job-row.js';
import { lockFault, unlock } from '../row/lock.js';
import { collectMetrics } from './metrics.js';
import { trimEvents } from '../queue/queue-settings.js';
import { removeByAge, removeByCount } from './retention.js';
import { updateFields } from '../row/update-fields.js';

const FINISH_COMPLETED = `UPDATE job SET state = 'completed', rank = ?, finished_on = ?, return_value = ?,
  attempts_made = attempts_made + 1, lock_token = NULL, lock_until = 0, maybe_stalled = 0 WHERE seq = ?`;
const FINISH_FAILED = `UPDATE job SET state = 'failed', rank = ?, finished_on = ?, failed_reason = ?,
  attempts_made = attempts_made + 1, lock_token = NULL, lock_until = 0, maybe_stalled = 0,
  deferred_failure = NULL WHERE seq = ?`;
const REMOVE = 'DELETE FROM job WHERE seq = ?';

/** BullMQ's default for how many old jobs one finish removes by age. */
const AGE_LIMIT = 1_000;

/**
 * Ends an active job: its result or failure is stored, its parent told, old jobs go by the
 * retention rule, and the next job is claimed.
 *
 * @returns The next claim, [] when there is none, or BullMQ's error code.
 */
export function finishJob(
  transaction: Transaction,
  queueName: string,
  finish: Finish,
): ClaimResult | [] | ErrorCode {
  const { state, now, keep } = finish;
  const isPlain = completePlainJob(transaction, transaction.queue(queueName), finish);
  const job = isPlain ? undefined : findFinishable(transaction, queueName, finish);
  if (typeof job === 'number') return job;

  const queue = transaction.change(queueName);
  trimEvents(transaction, queue);
  countMove(queue, 'active', null);
  if (job !== undefined) settle(transaction, queue, job, finish);
  if (keep.count !== 0) retain(transaction, queue, state, keep, now);

  tellEnd(transaction, queue, finish, (job?.attempts_made ?? 0) + 1);
  if (finish.maxDataPoints !== undefined) {
    collectMetrics(transaction, queue, state, finish.maxDataPoints, now);
  }
  const next = finish.next && claimNext(transaction, queue, finish.next, now);
  if (next !== undefined) return next;
  const { counts } = queue;
  if (counts.waiting + counts.active + counts.prioritized === 0) {
    transaction.emit(queue, 'drained', null);
  }
  return [];
}

/** The job, or why it must not be finished. */
function findFinishable(
  transaction: Transaction,
  queueName: string,
  { jobId, state, token, fields, called }: Finish,
): JobRow | ErrorCode {
  const job = findJob(transaction, transaction.queue(queueName), jobId);
  if (job === undefined) return ErrorCode.JobNotExist;
  const unsettled = state === 'completed' ? unsettledChildren(transaction, job) : 0;
  if (unsettled !== 0) return unsettled;
  const fault = lockFault(job, token, transaction.steadyNow(called));
  if (fault !== 0) return fault;
  if (job.state === 'active') return job;
  // Redis looks for the job in the active list last.
  unlock(transaction, job, token);
  if (fields !== undefined) updateFields(transaction, job, fields);
  return ErrorCode.JobNotInState;
}

/** Stores how the job ended, and tells its parent and those that its deduplication id held back. */
function settle(
  transaction: Transaction,
  queue: QueueRecord,
  job: JobRow,
  { state, value, keep, fields, now }: Finish,
): void {
  const key = `${queue.name}:${job.id}`;
  if (fields !== undefined) updateFields(transaction, job, fields);
  if (job.deduplication_id !== null) {
    finishDeduplication(transaction, queue, job.id, job.deduplication_id, now);
  }
  if (job.parent_key !== null) settleInParent(transaction, job, key, state, value, now);
  if (keep.count === 0) {
    transaction.run(REMOVE, job.seq);
    leaveParent(transaction, queue, job, false);
  } else {
    const finished = state === 'completed' ? FINISH_COMPLETED : FINISH_FAILED;
    transaction.runKeepingReady(finished, now, now, value, job.seq);
  }
}

function retain(
  transaction: Transaction,
  queue: QueueRecord,
  state: 'completed' | 'failed',
  { age, limit = AGE_LIMIT, count }: Retention,
  now: number,
): void {
  queue.counts[state] += 1;
  if (age !== undefined) removeByAge(transaction, queue, state, now - age * 1_000, limit);
  if (count !== undefined && count > 0) removeByCount(transaction, queue, state, count);
}

function tellEnd(
  transaction: Transaction,
  queue: QueueRecord,
  { jobId, state, value, attempts }: Finish,
  attemptsMade: number,
): void {
  const field = state === 'completed' ? 'returnvalue' : 'failedReason';
  transaction.emit(queue, state, jobId, { [field]: value, prev: 'active' });
  if (state === 'failed' && attemptsMade >= attempts) {
    transaction.emit(queue, 'retries-exhausted', jobId, { attemptsMade: String(attemptsMade) });
  }
}
