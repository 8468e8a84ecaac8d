import { ErrorCode } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { hasFailedChildren, hasPendingChildren } from '../flows/flow.js';
import { moveJob } from '../row/job-lists.js';
import { findJob } from '../row/job-row.js';
import { lockFault, unlock } from '../row/lock.js';

const IS_PENDING = `SELECT 1 FROM dependency WHERE parent = ? AND kind = 'pending' AND child_key = ?`;

/** A parent that waits for its children, or for one of them. */
interface ChildrenWait {
  jobId: string;
  token: string;
  childKey?: string | undefined;
  /** By the wall clock. */
  now: number;
  /** When its holder asked for it, on the machine's clock: its lock has to have held then. */
  called: number;
}

/**
 * Lets an active parent wait for its children, or for one of them.
 *
 * @returns 0 when it waits, 1 when there is nothing to wait for, or BullMQ's error code.
 */
export function moveToWaitingChildren(
  transaction: Transaction,
  queueName: string,
  waiting: ChildrenWait,
): ErrorCode | 0 | 1 {
  const { jobId, token, childKey, now, called } = waiting;
  const job = findJob(transaction, transaction.queue(queueName), jobId);
  if (job === undefined) return ErrorCode.JobNotExist;
  if (hasFailedChildren(transaction, job)) return ErrorCode.JobHasFailedChildren;
  if (!hasPendingChildren(transaction, job)) return 1;
  if (childKey !== undefined && transaction.get(IS_PENDING, job.seq, childKey) === undefined)
    return 1;
  const fault = lockFault(job, token, transaction.steadyNow(called));
  if (fault !== 0) return fault;
  unlock(transaction, job, token);
  if (job.state !== 'active') return ErrorCode.JobNotInState;
  const queue = transaction.change(queueName);
  moveJob(transaction, queue, job, 'waiting-children', now);
  transaction.emit(queue, 'waiting-children', job.id, { prev: 'active' });
  return 0;
}
