import { ErrorCode } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { makeReady, moveJob, promoteJob } from '../row/job-lists.js';
import { findJob } from '../row/job-row.js';
import { trimEvents } from '../queue/queue-settings.js';
import { delayedRank, frontPriorityRank } from '../row/ranks.js';
import { wholeNumber } from '../row/whole-number.js';

const PUT_OFF = 'UPDATE job SET rank = ?, delay = ?, pauses_until = NULL WHERE seq = ?';
const SET_PRIORITY = 'UPDATE job SET priority = ? WHERE seq = ?';

/**
 * Makes a delayed job ready at once. Returns BullMQ's code: 0 when it was done.
 *
 * @param queueName - with its prefix: `<prefix>:<name>`.
 */
export function promote(transaction: Transaction, queueName: string, jobId: string): ErrorCode | 0 {
  const job = findJob(transaction, transaction.queue(queueName), jobId);
  if (job?.state !== 'delayed') return ErrorCode.JobNotInState;
  promoteJob(transaction, transaction.change(queueName), job);
  return 0;
}

/**
 * Puts a delayed job off until `delay` ms from `now`. Returns BullMQ's code: 0 when it was done.
 */
export function changeDelay(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  delay: number,
  now: number,
): ErrorCode | 0 {
  const job = findJob(transaction, transaction.queue(queueName), jobId);
  if (job === undefined) return ErrorCode.JobNotExist;
  if (job.state !== 'delayed') return ErrorCode.JobNotInState;
  const queue = transaction.change(queueName);
  const { rank, due } = delayedRank(transaction, queue, now, delay);
  transaction.runKeepingReady(PUT_OFF, rank, wholeNumber(delay), job.seq);
  trimEvents(transaction, queue);
  transaction.emit(queue, 'delayed', job.id, { delay: String(due) });
  return 0;
}

/**
 * Changes a job's priority, and its place when it is ready to run: behind those of the same
 * priority, or with `lifo` before them. Returns BullMQ's code: 0 when it was done.
 */
export function changePriority(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  newPriority: number,
  lifo: boolean,
): ErrorCode | 0 {
  const job = findJob(transaction, transaction.queue(queueName), jobId);
  if (job === undefined) return ErrorCode.JobNotExist;
  const priority = wholeNumber(newPriority);
  transaction.run(SET_PRIORITY, priority, job.seq);
  if (job.state !== 'waiting' && job.state !== 'prioritized') return 0;

  const queue = transaction.change(queueName);
  if (lifo && priority !== 0) {
    moveJob(transaction, queue, job, 'prioritized', frontPriorityRank(priority));
  } else {
    makeReady(transaction, queue, { ...job, priority }, lifo ? 'front' : 'back');
  }
  return 0;
}
