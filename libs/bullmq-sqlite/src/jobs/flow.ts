import { ErrorCode } from 'bullmq';
import { NotWrittenYetError } from '../errors/index.js';
import type { QueueRecord, Transaction } from '../store/index.js';
import type { NewJob } from './new-job.js';
import { trimEvents } from './queue-settings.js';
import { findJob, type JobRow } from './job-row.js';

const ADD_CHILD = `INSERT INTO dependency (parent, kind, child_key)
  SELECT seq, 'pending', ? FROM job WHERE queue = ? AND id = ? ON CONFLICT DO NOTHING`;
const UNSETTLED = `SELECT kind FROM dependency WHERE parent = ? AND kind IN ('pending', 'failed') LIMIT 1`;

export function splitKey(key: string): { queueName: string; id: string } {
  const colon = key.lastIndexOf(':');
  return { queueName: key.slice(0, colon), id: key.slice(colon + 1) };
}

export function parentExists(transaction: Transaction, parentKey: string): boolean {
  const { queueName, id } = splitKey(parentKey);
  return findJob(transaction, transaction.queue(queueName), id) !== undefined;
}

export function addPendingChild(
  transaction: Transaction,
  parentKey: string,
  childKey: string,
): void {
  const { queueName, id } = splitKey(parentKey);
  transaction.run(ADD_CHILD, childKey, transaction.queue(queueName).id, id);
}

/**
 * What an add does whose id is stored already: it is told as a duplicate, and the id is returned. A parent
 * can't be attached yet.
 */
export function attachToParent(
  transaction: Transaction,
  queue: QueueRecord,
  id: string,
  { job }: NewJob,
): string | ErrorCode {
  if (job.parentKey !== undefined) throw new NotWrittenYetError('attachToParent');
  trimEvents(transaction, queue);
  transaction.emit(queue, 'duplicated', id);
  return id;
}

export function unsettledChildren(
  transaction: Transaction,
  job: Pick<JobRow, 'seq'>,
): ErrorCode | 0 {
  const kind = transaction.get<{ kind: string }>(UNSETTLED, job.seq)?.kind;
  if (kind === undefined) return 0;
  return kind === 'pending' ? ErrorCode.JobPendingChildren : ErrorCode.JobHasFailedChildren;
}

export function settleInParent(
  _transaction: Transaction,
  _job: JobRow,
  _childKey: string,
  _state: 'completed' | 'failed',
  _value: string,
  _now: number,
): void {
  throw new NotWrittenYetError('settleInParent');
}

export function childRemoved(
  _transaction: Transaction,
  _job: JobRow,
  _childKey: string,
  _now: number,
): void {
  throw new NotWrittenYetError('childRemoved');
}
