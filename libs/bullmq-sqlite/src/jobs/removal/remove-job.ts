import { ErrorCode } from 'bullmq';
import type { QueueRecord, State, Transaction } from '../../store/index.js';
import { findByKey } from '../flows/flow.js';
import { leaveParent } from '../flows/flow-leave.js';
import { findJob, type JobRow } from '../row/job-row.js';
import { isLocked } from '../row/lock.js';
import { trimEvents } from '../queue/queue-settings.js';
import { removeJobRow } from './remove-job-row.js';
import { isNextRun } from '../row/scheduled-job.js';

const CHILDREN = `SELECT child_key FROM dependency WHERE parent = ? AND kind = ? ORDER BY rank, child_key`;

const SETTLED = ['processed', 'ignored', 'failed'] as const;

/** Which of a family go. */
interface Reach {
  removeChildren: boolean;
  /** Whether children that ended, and jobs that failed, stay. */
  ignoreProcessed: boolean;
  /** Whether jobs that somebody is working on stay. */
  ignoreLocked: boolean;
  /**
   * The jobs that were come across: a job that is its own descendant must not be looked for without
   * end.
   */
  seen: Set<number>;
}

/**
 * Removes a job, and its children if that is asked for.
 *
 * @returns 1, also when there is no such job; 0 when somebody is working on one of them; or
 * BullMQ's error code for the next run of a scheduler.
 */
export function removeJob(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  removeChildren: boolean,
): ErrorCode | 0 | 1 {
  const queue = transaction.queue(queueName);
  const job = findJob(transaction, queue, jobId);
  if (job === undefined) return 1;
  if (isNextRun(transaction, queue, job)) return ErrorCode.JobBelongsToJobScheduler;
  if (isFamilyLocked(transaction, job, removeChildren)) return 0;
  const seen = new Set<number>();
  const reach = { removeChildren, ignoreProcessed: false, ignoreLocked: false, seen };
  removeFamily(transaction, queue, job, null, reach);
  return 1;
}

/**
 * Removes the children of a job that did not end yet, and theirs; not those that somebody is
 * working on.
 */
export function removeUnprocessedChildren(
  transaction: Transaction,
  queueName: string,
  jobId: string,
): void {
  const job = findJob(transaction, transaction.queue(queueName), jobId);
  if (job === undefined) return;
  const seen = new Set([job.seq]);
  const reach = { removeChildren: true, ignoreProcessed: true, ignoreLocked: true, seen };
  removeChildrenOf(transaction, `${queueName}:${jobId}`, job, reach);
}

function isFamilyLocked(
  transaction: Transaction,
  job: JobRow,
  withChildren: boolean,
  seen = new Set<number>(),
): boolean {
  if (isLocked(job, transaction.steadyNow())) return true;
  if (!withChildren || seen.has(job.seq)) return false;
  seen.add(job.seq);
  return childKeys(transaction, job, 'pending').some((key) => {
    const child = findByKey(transaction, key)?.job;
    return child !== undefined && isFamilyLocked(transaction, child, true, seen);
  });
}

/** @param parentKey - the parent that the job is removed with; null for its own */
function removeFamily(
  transaction: Transaction,
  { name }: QueueRecord,
  job: JobRow,
  parentKey: string | null,
  reach: Reach,
): void {
  if (reach.seen.has(job.seq)) return;
  reach.seen.add(job.seq);
  if (reach.ignoreLocked && isLocked(job, transaction.steadyNow())) return;
  if (reach.ignoreProcessed && job.state === 'failed') return;
  const queue = transaction.change(name);
  leaveParent(transaction, queue, job, false, parentKey ?? job.parent_key);
  if (reach.removeChildren) removeChildrenOf(transaction, `${name}:${job.id}`, job, reach);
  // The last of its children let it go on, into another list.
  const left = findJob(transaction, queue, job.id);
  if (left === undefined) return;
  removeJobRow(transaction, queue, left, { hard: false, deduplication: true });
  trimEvents(transaction, queue);
  transaction.emit(queue, 'removed', job.id, { prev: bullmqName(left.state) });
}

function removeChildrenOf(
  transaction: Transaction,
  parentKey: string,
  parent: JobRow,
  reach: Reach,
): void {
  const settled = reach.ignoreProcessed ? [] : SETTLED;
  const keys = [...settled, 'pending'].flatMap((kind) => childKeys(transaction, parent, kind));
  for (const key of keys) {
    const child = findByKey(transaction, key);
    if (child !== undefined) {
      removeFamily(transaction, child.queue, child.job, parentKey, reach);
    }
  }
}

function childKeys(transaction: Transaction, parent: JobRow, kind: string): string[] {
  return transaction
    .all<{ child_key: string }>(CHILDREN, parent.seq, kind)
    .map(({ child_key: key }) => key);
}

function bullmqName(state: State | null): string {
  if (state === null) return 'unknown';
  return state === 'waiting' ? 'wait' : state;
}
