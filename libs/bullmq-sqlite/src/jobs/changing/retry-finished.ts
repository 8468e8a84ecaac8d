import { ErrorCode } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { moveChildBackToPending } from '../flows/flow-settle.js';
import { makeReady } from '../row/job-lists.js';
import { findJob, JOB_COLUMNS, type JobRow } from '../row/job-row.js';
import { trimEvents } from '../queue/queue-settings.js';
import type { End } from '../row/ranks.js';

type Finished = 'completed' | 'failed';

const FORGET_END: Readonly<Record<Finished, string>> = {
  completed:
    'UPDATE job SET finished_on = NULL, processed_on = NULL, return_value = NULL WHERE seq = ?',
  failed:
    'UPDATE job SET finished_on = NULL, processed_on = NULL, failed_reason = NULL WHERE seq = ?',
};
const RESET_MADE = 'UPDATE job SET attempts_made = 0 WHERE seq = ?';
const RESET_STARTED = 'UPDATE job SET attempts_started = 0 WHERE seq = ?';
const OLDEST = `SELECT ${JOB_COLUMNS} FROM job WHERE queue = ? AND state = ? AND rank BETWEEN 0 AND ?
  ORDER BY rank, id LIMIT +?`;

/** Which finished job runs once more, and how. */
export interface Reprocessing {
  jobId: string;
  state: Finished;
  end: End;
  resetAttemptsMade: boolean;
  resetAttemptsStarted: boolean;
}

/** Lets a finished job run once more. Returns BullMQ's code: 1 when it was done. */
export function reprocess(
  transaction: Transaction,
  queueName: string,
  { jobId, state, end, resetAttemptsMade, resetAttemptsStarted }: Reprocessing,
): ErrorCode | 1 {
  const job = findJob(transaction, transaction.queue(queueName), jobId);
  if (job === undefined) return ErrorCode.JobNotExist;
  if (job.state !== state) return ErrorCode.JobNotInState;
  const queue = transaction.change(queueName);
  transaction.runKeepingReady(FORGET_END[state], job.seq);
  if (resetAttemptsMade) transaction.runKeepingReady(RESET_MADE, job.seq);
  if (resetAttemptsStarted) transaction.runKeepingReady(RESET_STARTED, job.seq);
  makeReady(transaction, queue, job, end);
  moveChildBackToPending(transaction, job, `${queueName}:${job.id}`);
  trimEvents(transaction, queue);
  transaction.emit(queue, 'waiting', job.id, { prev: state });
  return 1;
}

/** Which jobs go back into the waiting list. */
export interface MoveToWait {
  state: Finished | 'delayed';
  /** At most so many, the oldest first. */
  limit: number;
  /** Only jobs that finished at this time (ms) or before; delayed jobs go whenever they are due. */
  timestamp: number;
}

/** Lets jobs of one list wait, whatever their priority, as on Redis. Returns how many. */
export function moveJobsToWait(
  transaction: Transaction,
  queueName: string,
  { state, limit, timestamp }: MoveToWait,
): number {
  const { id } = transaction.queue(queueName);
  const highest = state === 'delayed' ? Number.MAX_VALUE : timestamp;
  const jobs = transaction.all<JobRow>(OLDEST, id, state, highest, limit);
  if (jobs.length === 0) return 0;
  const queue = transaction.change(queueName);
  trimEvents(transaction, queue);
  for (const job of jobs) {
    if (state !== 'delayed') {
      transaction.runKeepingReady(FORGET_END[state], job.seq);
      moveChildBackToPending(transaction, job, `${queueName}:${job.id}`);
    }
    makeReady(transaction, queue, { ...job, priority: 0 }, 'back');
    transaction.emit(queue, 'waiting', job.id, { prev: state });
  }
  return jobs.length;
}
