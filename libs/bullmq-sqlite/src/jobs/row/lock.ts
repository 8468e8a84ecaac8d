import { ErrorCode } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import type { JobRow } from './job-row.js';
import { wholeNumber } from './whole-number.js';

const UNLOCK = 'UPDATE job SET lock_token = NULL, lock_until = 0, maybe_stalled = 0 WHERE seq = ?';

/** The token of those who may touch a job without holding its lock. */
export const NO_LOCK_NEEDED = '0';

type Locked = Pick<JobRow, 'lock_token' | 'lock_until'>;

/** Whether somebody holds the job's lock. @param now - by the file's steady clock */
export function isLocked(job: Locked, now: number): boolean {
  return job.lock_token !== null && job.lock_until > now;
}

/** Why this token may not settle the job: 0 when it may. @param now - by the file's steady clock */
export function lockFault(job: Locked, token: string, now: number): number {
  if (token === NO_LOCK_NEEDED || (job.lock_token === token && job.lock_until > now)) return 0;
  return isLocked(job, now) ? ErrorCode.JobLockMismatch : ErrorCode.JobLockNotExist;
}

/** Gives the job's lock back, unless the token stands for nobody. */
export function unlock(transaction: Transaction, job: Pick<JobRow, 'seq'>, token: string): void {
  if (token !== NO_LOCK_NEEDED) transaction.runKeepingReady(UNLOCK, job.seq);
}

const EXTEND = `UPDATE job SET lock_until = ?, maybe_stalled = 0
  WHERE queue = ? AND id = ? AND lock_token = ? AND lock_until > ?`;

const KEEP = `UPDATE job SET lock_until = ?, maybe_stalled = 0
  WHERE queue = ? AND id = ? AND lock_token = ? AND state = 'active'`;

/**
 * As `extendLocks`, but a lock that has run out is taken back, unless somebody has recovered or
 * claimed its job since.
 */
export function keepLocks(
  transaction: Transaction,
  queueName: string,
  jobIds: string[],
  tokens: string[],
  duration: number,
): string[] {
  const queue = transaction.queue(queueName);
  const until = transaction.steadyNow() + wholeNumber(duration);
  return jobIds.filter((id, index) => {
    const token = tokens[index] ?? null;
    return transaction.runKeepingReady(KEEP, until, queue.id, id, token) === 0;
  });
}

/**
 * Holds on to the locks of several jobs for `duration` ms.
 *
 * @param called - When it was asked for, on the machine's clock: the file may have been busy since.
 * @returns The ids of the jobs whose lock this token does not hold any more.
 */
export function extendLocks(
  transaction: Transaction,
  queueName: string,
  jobIds: string[],
  tokens: string[],
  duration: number,
  called: number,
): string[] {
  const queue = transaction.queue(queueName);
  const now = transaction.steadyNow(called);
  const until = now + wholeNumber(duration);
  return jobIds.filter((id, index) => {
    const token = tokens[index] ?? null;
    return transaction.runKeepingReady(EXTEND, until, queue.id, id, token, now) === 0;
  });
}
