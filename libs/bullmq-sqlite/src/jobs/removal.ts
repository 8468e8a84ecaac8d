import type { ErrorCode } from 'bullmq';
import { NotWrittenYetError } from '../errors/index.js';
import type { QueueRecord, Transaction } from '../store/index.js';
import { splitKey } from './flow.js';
import { countMove, moveJob } from './job-lists.js';
import { findJob, type JobRow } from './job-row.js';
import { positionAt } from './ranks.js';

const DELETE = 'DELETE FROM job WHERE seq = ?';
const RELEASE_ID = 'DELETE FROM deduplication WHERE queue = ? AND id = ? AND job_id = ?';
const DROP_ID = 'DELETE FROM deduplication WHERE queue = ? AND id = ?';
const FORGET_CHILD = `DELETE FROM dependency WHERE parent = ? AND kind = 'pending' AND child_key = ?`;
const HAS_PENDING = `SELECT 1 FROM dependency WHERE parent = ? AND kind = 'pending' LIMIT 1`;

/** What the removal of a row needs to know of the job. */
export type RemovableJob = Pick<JobRow, 'seq' | 'id' | 'state' | 'parent_key' | 'deduplication_id'>;

/** How a job is removed. */
export interface RowRemoval {
  /** Whether a parent in the same queue that waited only for this job goes, too. */
  hard: boolean;
  /** Whether the job's deduplication id becomes free. */
  deduplication: boolean;
  now: number;
}

/** Removes one job with all that belongs to it, and tells its parent. */
export function removeJobRow(
  transaction: Transaction,
  queue: QueueRecord,
  job: RemovableJob,
  { hard, deduplication }: RowRemoval,
): void {
  leaveParent(transaction, queue, job, hard);
  if (deduplication && job.deduplication_id !== null) {
    transaction.run(RELEASE_ID, queue.id, job.deduplication_id, job.id);
  }
  transaction.run(DELETE, job.seq);
  countMove(queue, job.state, null);
}

function leaveParent(
  transaction: Transaction,
  queue: QueueRecord,
  job: RemovableJob,
  hard: boolean,
): void {
  if (job.parent_key === null) return;
  const { queueName, id } = splitKey(job.parent_key);
  const parent = findJob(transaction, transaction.queue(queueName), id);
  if (parent === undefined) return;
  if (transaction.run(FORGET_CHILD, parent.seq, `${queue.name}:${job.id}`) === 0) return;
  if (transaction.get(HAS_PENDING, parent.seq) !== undefined) return;
  if (parent.state !== 'waiting-children') return;
  const parentQueue = transaction.change(queueName);
  if (hard && parentQueue === queue) {
    leaveParent(transaction, queue, parent, hard);
    transaction.run(DELETE, parent.seq);
    countMove(queue, parent.state, null);
    if (job.deduplication_id !== null) transaction.run(DROP_ID, queue.id, job.deduplication_id);
    return;
  }
  moveJob(transaction, parentQueue, parent, 'waiting', positionAt(parentQueue, 'front'));
  if (!hard) transaction.emit(parentQueue, 'waiting', parent.id, { prev: 'waiting-children' });
}

export function removeJob(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _removeChildren: boolean,
  _now: number,
): ErrorCode | 0 | 1 {
  throw new NotWrittenYetError('removeJob');
}

export function removeUnprocessedChildren(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _now: number,
): void {
  throw new NotWrittenYetError('removeUnprocessedChildren');
}
