import { ErrorCode } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';
import { findByKey, hasPendingChildren, removePendingChild } from './flow.js';
import { countMove, moveJob } from '../row/job-lists.js';
import { findJob, type JobRow } from '../row/job-row.js';
import { positionAt } from '../row/ranks.js';

const DELETE = 'DELETE FROM job WHERE seq = ?';
const LEAVE = 'UPDATE job SET parent_key = NULL, parent = NULL WHERE seq = ?';
const DROP_ID = 'DELETE FROM deduplication WHERE queue = ? AND id = ?';

/**
 * Takes a child that is removed off its parent's list; a parent that waited only for it goes on.
 *
 * @param hard - Whether such a parent is removed instead, if it is in the same queue.
 * @param parentKey - The parent; the child's own, if absent.
 * @returns Whether the parent did wait for the child.
 */
export function leaveParent(
  transaction: Transaction,
  queue: QueueRecord,
  child: Pick<JobRow, 'id' | 'parent_key' | 'deduplication_id'>,
  hard: boolean,
  parentKey = child.parent_key,
): boolean {
  const parent = parentKey === null ? undefined : findByKey(transaction, parentKey);
  if (parent === undefined) return false;
  if (!removePendingChild(transaction, parent.job, `${queue.name}:${child.id}`)) return false;
  if (parent.job.state !== 'waiting-children') return true;
  if (hasPendingChildren(transaction, parent.job)) return true;

  const parentQueue = transaction.change(parent.queue.name);
  if (hard && parentQueue === queue) {
    leaveParent(transaction, queue, parent.job, hard);
    transaction.run(DELETE, parent.job.seq);
    countMove(queue, parent.job.state, null);
    if (child.deduplication_id !== null) transaction.run(DROP_ID, queue.id, child.deduplication_id);
    return true;
  }
  // Whatever the parent's priority, as on Redis.
  moveJob(transaction, parentQueue, parent.job, 'waiting', positionAt(parentQueue, 'front'));
  if (!hard) transaction.emit(parentQueue, 'waiting', parent.job.id, { prev: 'waiting-children' });
  return true;
}

/**
 * Ends the relation of a child to its parent.
 *
 * @returns 0 when it did, 1 when the parent did not wait for the child, or BullMQ's error code.
 */
export function removeChildDependency(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  parentKey: string,
): ErrorCode | 0 | 1 {
  const queue = transaction.queue(queueName);
  const job = findJob(transaction, queue, jobId);
  if (job === undefined) return ErrorCode.JobNotExist;
  if (findByKey(transaction, parentKey) === undefined) return ErrorCode.ParentJobNotExist;
  if (!leaveParent(transaction, queue, job, false, parentKey)) return 1;
  transaction.run(LEAVE, job.seq);
  return 0;
}
