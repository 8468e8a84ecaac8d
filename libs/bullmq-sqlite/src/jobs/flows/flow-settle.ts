import type { QueueRecord, Transaction } from '../../store/index.js';
import { findByKey, hasPendingChildren, removePendingChild } from './flow.js';
import { makeReady, moveJob } from '../row/job-lists.js';
import type { JobRow } from '../row/job-row.js';
import { delayedRank } from '../row/ranks.js';

type SettledKind = 'processed' | 'ignored' | 'failed';

const SETTLE = `INSERT INTO dependency (parent, kind, child_key, value, rank) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET value = excluded.value, rank = excluded.rank`;
const UNSETTLE = 'DELETE FROM dependency WHERE parent = ? AND kind = ? AND child_key = ?';
const PEND = `INSERT INTO dependency (parent, kind, child_key) VALUES (?, 'pending', ?) ON CONFLICT DO NOTHING`;
const FAIL_LATER = 'UPDATE job SET deferred_failure = ? WHERE seq = ?';
const FAIL_LATER_UNDELAYED = 'UPDATE job SET deferred_failure = ?, delay = 0 WHERE seq = ?';

/** What a child's failure does to its parent, as BullMQ abbreviates the options of the child. */
interface FailurePolicy {
  /** `failParentOnFailure` */
  fpof?: boolean;
  /** `continueParentOnFailure` */
  cpof?: boolean;
  /** `ignoreDependencyOnFailure` */
  idof?: boolean;
  /** `removeDependencyOnFailure` */
  rdof?: boolean;
}

/**
 * Tells a finished child's parent how it ended; a parent that has no reason to wait any more goes
 * on.
 */
export function settleInParent(
  transaction: Transaction,
  child: Pick<JobRow, 'parent_key' | 'parent'>,
  childKey: string,
  state: 'completed' | 'failed',
  value: string,
  now: number,
): void {
  const parent = child.parent_key === null ? undefined : findByKey(transaction, child.parent_key);
  if (parent === undefined) return;
  if (state === 'completed') {
    if (!removePendingChild(transaction, parent.job, childKey)) return;
    recordChild(transaction, parent.job, 'processed', childKey, value, now);
    releaseIfSettled(transaction, parent.queue, parent.job, now);
    return;
  }
  const policy = JSON.parse(child.parent ?? '{}') as FailurePolicy;
  const { fpof, cpof, idof, rdof } = policy;
  if (!(fpof || cpof || idof || rdof)) return;
  if (!removePendingChild(transaction, parent.job, childKey)) return;
  if (fpof) {
    recordChild(transaction, parent.job, 'failed', childKey, null, now);
    failParent(transaction, parent.queue, parent.job, childKey, now);
    return;
  }
  if (cpof || idof) recordChild(transaction, parent.job, 'ignored', childKey, value, now);
  if (cpof) release(transaction, parent.queue, parent.job, now);
  else releaseIfSettled(transaction, parent.queue, parent.job, now);
}

/** Records how a child ended. */
export function recordChild(
  transaction: Transaction,
  parent: Pick<JobRow, 'seq'>,
  kind: SettledKind,
  childKey: string,
  value: string | null,
  now: number,
): void {
  transaction.run(SETTLE, parent.seq, kind, childKey, value, now);
}

/** Lets a parent go on that waits for no child any more. */
export function releaseIfSettled(
  transaction: Transaction,
  queue: QueueRecord,
  parent: JobRow,
  now: number,
): void {
  if (!hasPendingChildren(transaction, parent)) release(transaction, queue, parent, now);
}

/** Lets the parent of a child that runs once more wait for it again, if it was told of its end. */
export function moveChildBackToPending(
  transaction: Transaction,
  child: Pick<JobRow, 'parent_key' | 'state'>,
  childKey: string,
): void {
  const parent = child.parent_key === null ? undefined : findByKey(transaction, child.parent_key);
  if (parent === undefined) return;
  const kinds: SettledKind[] = child.state === 'failed' ? ['failed', 'ignored'] : ['processed'];
  const wasTold = kinds.some(
    (kind) => transaction.run(UNSETTLE, parent.job.seq, kind, childKey) > 0,
  );
  if (wasTold) transaction.run(PEND, parent.job.seq, childKey);
}

/** The parent fails, too, when a worker takes it; one that waits is handed out for that. */
function failParent(
  transaction: Transaction,
  queue: QueueRecord,
  parent: JobRow,
  childKey: string,
  now: number,
): void {
  const reason = `child ${childKey} failed`;
  if (parent.state === 'delayed') {
    transaction.run(FAIL_LATER_UNDELAYED, reason, parent.seq);
    goOn(transaction, queue, { ...parent, delay: 0 }, now);
    return;
  }
  if (parent.state !== 'failed') transaction.run(FAIL_LATER, reason, parent.seq);
  release(transaction, queue, parent, now);
}

function release(transaction: Transaction, queue: QueueRecord, parent: JobRow, now: number): void {
  if (parent.state === 'waiting-children') goOn(transaction, queue, parent, now);
}

function goOn(transaction: Transaction, { name }: QueueRecord, parent: JobRow, now: number): void {
  const queue = transaction.change(name);
  if (parent.delay > 0) {
    const { rank, due } = delayedRank(transaction, queue, now, parent.delay);
    moveJob(transaction, queue, parent, 'delayed', rank);
    transaction.emit(queue, 'delayed', parent.id, { delay: String(due) });
    return;
  }
  makeReady(transaction, queue, parent, 'front');
  transaction.emit(queue, 'waiting', parent.id, { prev: 'waiting-children' });
}
