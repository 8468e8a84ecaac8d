import { ErrorCode } from 'bullmq';
import type { QueueRecord, Transaction } from '../store/index.js';
import { findJob, type JobRow } from './job-row.js';

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

/** The queue's name and the id in a job's key: `<prefix>:<queue>:<id>`. As in BullMQ, the id has no colon. */
export function splitKey(key: string): { queueName: string; id: string } {
  const colon = key.lastIndexOf(':');
  return { queueName: key.slice(0, colon), id: key.slice(colon + 1) };
}

/** The job of a key, if there is one. */
export function findByKey(transaction: Transaction, key: string): QueuedJob | undefined {
  const { queueName, id } = splitKey(key);
  const queue = transaction.queue(queueName);
  const job = findJob(transaction, queue, id);
  return job && { queue, job };
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
