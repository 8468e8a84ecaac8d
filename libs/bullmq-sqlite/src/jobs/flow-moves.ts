import { ErrorCode } from 'bullmq';
import type { Transaction } from '../store/index.js';
import { addJob } from './add-job.js';
import { findByKey, hasFailedChildren, hasPendingChildren } from './flow.js';
import { leaveParent } from './flow-leave.js';
import { releaseIfSettled } from './flow-settle.js';
import { moveJob } from './job-lists.js';
import { findJob } from './job-row.js';
import { lockFault, unlock } from './lock.js';
import type { NewJob } from './new-job.js';

const IS_PENDING = `SELECT 1 FROM dependency WHERE parent = ? AND kind = 'pending' AND child_key = ?`;
const LEAVE = 'UPDATE job SET parent_key = NULL, parent = NULL WHERE seq = ?';

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
 * Adds the jobs of a flow, parents before their children; a parent whose children had all ended before goes
 * on at once.
 *
 * @returns For each job its id, or BullMQ's error code.
 */
export function addFlow(
  transaction: Transaction,
  entries: (NewJob & { queueName: string })[],
  now: number,
): (string | ErrorCode)[] {
  const parents = new Set<string>();
  const refused = new Set<string>();
  const ids = entries.map(({ queueName, ...entry }) => {
    const parentKeyOpts = { ...entry.parentKeyOpts, deferParentRelease: true };
    const id = addJob(transaction, queueName, { ...entry, parentKeyOpts }, now);
    const { parentKey } = entry.job;
    if (parentKey !== undefined) parents.add(parentKey);
    if (parentKey !== undefined && id === ErrorCode.ParentJobCannotBeReplaced)
      refused.add(parentKey);
    return id;
  });
  for (const parentKey of parents) {
    const parent = refused.has(parentKey) ? undefined : findByKey(transaction, parentKey);
    if (parent !== undefined) releaseIfSettled(transaction, parent.queue, parent.job, now);
  }
  return ids;
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
