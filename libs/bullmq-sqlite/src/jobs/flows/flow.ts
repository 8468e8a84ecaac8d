import { ErrorCode } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';
import { findJob, type JobRow } from '../row/job-row.js';

const ADD_CHILD = `INSERT INTO dependency (parent, kind, child_key) VALUES (?, 'pending', ?)
  ON CONFLICT DO NOTHING`;
const FORGET_CHILD = `DELETE FROM dependency WHERE parent = ? AND kind = 'pending' AND child_key = ?`;
const HAS_PENDING = `SELECT 1 FROM dependency WHERE parent = ? AND kind = 'pending' LIMIT 1`;
const HAS_FAILED = `SELECT 1 FROM dependency WHERE parent = ? AND kind = 'failed' LIMIT 1`;

/** A job and the queue that it is in. */
export interface QueuedJob {
  queue: QueueRecord;
  job: JobRow;
}

/**
 * The job of a key, `<prefix>:<queue>:<id>`, if there is one. The run of a scheduler has colons in
 * its id (`repeat:<scheduler>:<time>`), and a prefix may have some: the stored queues tell where
 * the id begins.
 */
export function findByKey(transaction: Transaction, key: string): QueuedJob | undefined {
  for (let colon = key.lastIndexOf(':'); colon > 0; colon = key.lastIndexOf(':', colon - 1)) {
    const queue = transaction.queue(key.slice(0, colon));
    if (!queue.exists) continue;
    const job = findJob(transaction, queue, key.slice(colon + 1));
    if (job !== undefined) return { queue, job };
  }
  return undefined;
}

export function parentExists(transaction: Transaction, parentKey: string): boolean {
  return findByKey(transaction, parentKey) !== undefined;
}

/** Lets a parent wait for a child. */
export function addPendingChild(
  transaction: Transaction,
  parentKey: string,
  childKey: string,
): void {
  const parent = findByKey(transaction, parentKey);
  if (parent !== undefined) transaction.run(ADD_CHILD, parent.job.seq, childKey);
}

/** Ends a parent's wait for a child. Returns whether it did wait. */
export function removePendingChild(
  transaction: Transaction,
  parent: Pick<JobRow, 'seq'>,
  childKey: string,
): boolean {
  return transaction.run(FORGET_CHILD, parent.seq, childKey) === 1;
}

/** Whether a parent waits for any child. */
export function hasPendingChildren(transaction: Transaction, parent: Pick<JobRow, 'seq'>): boolean {
  return transaction.get(HAS_PENDING, parent.seq) !== undefined;
}

/** Whether a child failed that fails its parent. */
export function hasFailedChildren(transaction: Transaction, parent: Pick<JobRow, 'seq'>): boolean {
  return transaction.get(HAS_FAILED, parent.seq) !== undefined;
}

/** Why a parent can't be completed: 0 when it can. */
export function unsettledChildren(
  transaction: Transaction,
  job: Pick<JobRow, 'seq'>,
): ErrorCode | 0 {
  if (hasPendingChildren(transaction, job)) return ErrorCode.JobPendingChildren;
  return hasFailedChildren(transaction, job) ? ErrorCode.JobHasFailedChildren : 0;
}
