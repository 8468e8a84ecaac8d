import { ErrorCode } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';
import { addPendingChild, findByKey, parentExists } from './flow.js';
import { recordChild, releaseIfSettled } from './flow-settle.js';
import { findJob, type JobRow } from '../row/job-row.js';
import type { NewJob } from '../row/new-job.js';
import { trimEvents } from '../queue/queue-settings.js';

const SET_PARENT = 'UPDATE job SET parent_key = ?, parent = ? WHERE seq = ?';

/**
 * What an add does whose id is stored already: the stored job becomes a child of the parent that
 * the new one was given, unless it has another one that is still there.
 *
 * @returns The job's id, or BullMQ's error code.
 */
export function attachToParent(
  transaction: Transaction,
  queue: QueueRecord,
  id: string,
  entry: NewJob,
  now: number,
): string | ErrorCode {
  const job = findJob(transaction, queue, id);
  const { parentKey } = entry.job;
  if (job !== undefined && parentKey !== undefined) {
    const other = job.parent_key === parentKey ? null : job.parent_key;
    if (other !== null && parentExists(transaction, other)) {
      return ErrorCode.ParentJobCannotBeReplaced;
    }
    attach(transaction, job, `${queue.name}:${id}`, parentKey, entry, now);
  }
  trimEvents(transaction, queue);
  transaction.emit(queue, 'duplicated', id);
  return id;
}

function attach(
  transaction: Transaction,
  job: JobRow,
  childKey: string,
  parentKey: string,
  { job: { parent: description }, parentKeyOpts = {} }: NewJob,
  now: number,
): void {
  const parent = findByKey(transaction, parentKey);
  if (parent === undefined) return;
  if (job.state === 'completed') {
    recordChild(transaction, parent.job, 'processed', childKey, job.return_value, now);
    if (!parentKeyOpts.deferParentRelease) {
      releaseIfSettled(transaction, parent.queue, parent.job, now);
    }
  } else if (parentKeyOpts.parentDependenciesKey !== undefined) {
    addPendingChild(transaction, parentKey, childKey);
  }
  const json = description === undefined ? null : JSON.stringify(description);
  transaction.run(SET_PARENT, parentKey, json, job.seq);
}
