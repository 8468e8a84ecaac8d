import { ErrorCode } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { type Claim, claimNext, type ClaimResult, promoteDue } from '../claiming/claim-job.js';
import { countMove, makeReady, moveJob } from '../row/job-lists.js';
import { findJob, type JobRow } from '../row/job-row.js';
import { lockFault, unlock } from '../row/lock.js';
import { trimEvents } from '../queue/queue-settings.js';
import { delayedRank, type End, frontPriorityRank, positionAt } from '../row/ranks.js';
import { remainingWindow } from '../queue/rate-limit.js';
import { updateFields } from '../row/update-fields.js';
import { wholeNumber } from '../row/whole-number.js';

const DELAY = `UPDATE job SET state = 'delayed', rank = ?, delay = ?, pauses_until = ?,
  attempts_made = attempts_made + ? WHERE seq = ?`;
const COUNT_ATTEMPT = 'UPDATE job SET attempts_made = attempts_made + 1 WHERE seq = ?';

const PREVIOUSLY_ACTIVE = { prev: 'active' };

/** A job that its holder gives back. */
interface Release {
  jobId: string;
  token: string;
  /** More fields to store. */
  fields?: Record<string, unknown> | undefined;
  /** When its holder asked for it, on the machine's clock: its lock has to have held then. */
  called: number;
}

/** Puts an active job off until `timestamp` + `delay`, both in ms. */
export interface Delaying extends Release {
  timestamp: number;
  delay: number;
  /** Whether this run does not count as an attempt. */
  skipAttempt: boolean;
  /** Whether the delay also ends when it has gone by, where the wall clock was set meanwhile. */
  isPause: boolean;
  /** The claim of the next job; undefined when the worker wants none. */
  next?: Claim | undefined;
  /** By the wall clock. */
  now: number;
}

/**
 * Puts an active job off, and claims the next one. Returns the claim, [] without a job, or BullMQ's
 * code.
 */
export function moveToDelayed(
  transaction: Transaction,
  queueName: string,
  delaying: Delaying,
): ClaimResult | [] | ErrorCode {
  const { timestamp, delay, skipAttempt, isPause, next, now } = delaying;
  const job = release(transaction, queueName, delaying);
  if (typeof job === 'number') return job;
  if (job.state !== 'active') return ErrorCode.JobNotInState;

  const queue = transaction.change(queueName);
  const { rank, due } = delayedRank(transaction, queue, timestamp, delay);
  const pausesUntil = isPause ? wholeNumber(transaction.steadyNow(delaying.called) + delay) : null;
  const attempts = skipAttempt ? 0 : 1;
  transaction.runKeepingReady(DELAY, rank, wholeNumber(delay), pausesUntil, attempts, job.seq);
  countMove(queue, 'active', 'delayed');
  trimEvents(transaction, queue);
  transaction.emit(queue, 'delayed', job.id, { delay: String(due) });
  const claimed = next && claimNext(transaction, queue, next, now);
  return claimed?.[0] ? claimed : [];
}

/** Lets an active job wait for its next attempt. Returns BullMQ's code: 0 when it was done. */
export function retryActive(
  transaction: Transaction,
  queueName: string,
  retry: Release & { end: End; now: number },
): ErrorCode | 0 {
  promoteDue(transaction, transaction.queue(queueName), retry.now);
  const job = release(transaction, queueName, retry);
  if (typeof job === 'number') return job;
  if (job.state !== 'active') return ErrorCode.JobNotInState;

  const queue = transaction.change(queueName);
  makeReady(transaction, queue, job, retry.end);
  transaction.runKeepingReady(COUNT_ATTEMPT, job.seq);
  trimEvents(transaction, queue);
  transaction.emit(queue, 'waiting', job.id, PREVIOUSLY_ACTIVE);
  return 0;
}

/**
 * Gives an active job back as if it had not been claimed: it is the next one to run. A job that is
 * not active stays where it is.
 *
 * @returns For how long the rate limit holds, in ms, or BullMQ's error code.
 */
export function moveActiveToWait(
  transaction: Transaction,
  queueName: string,
  giving: Release,
): number {
  const job = release(transaction, queueName, giving);
  if (typeof job === 'number') return job;
  const queue = transaction.change(queueName);
  if (job.state === 'active') {
    const { priority } = job;
    if (priority > 0) {
      moveJob(transaction, queue, job, 'prioritized', frontPriorityRank(priority));
    } else {
      moveJob(transaction, queue, job, 'waiting', positionAt(queue, 'front'));
    }
    trimEvents(transaction, queue);
    transaction.emit(queue, 'waiting', job.id, PREVIOUSLY_ACTIVE);
  }
  return remainingWindow(queue, transaction.steadyNow());
}

/**
 * Gives the job's lock back and stores its fields; as on Redis also when it is not active any more.
 *
 * @returns The job as it was, or why this token may not do that.
 */
function release(
  transaction: Transaction,
  queueName: string,
  { jobId, token, fields, called }: Release,
): JobRow | ErrorCode {
  const job = findJob(transaction, transaction.queue(queueName), jobId);
  if (job === undefined) return ErrorCode.JobNotExist;
  const fault = lockFault(job, token, transaction.steadyNow(called));
  if (fault !== 0) return fault;
  unlock(transaction, job, token);
  if (fields !== undefined) updateFields(transaction, job, fields);
  return job;
}
