import type { QueueRecord, Transaction } from '../../store/index.js';
import { leaveParent } from '../flows/flow-leave.js';
import { countMove } from '../row/job-lists.js';
import type { JobRow } from '../row/job-row.js';

const DELETE = 'DELETE FROM job WHERE seq = ?';
const RELEASE_ID = 'DELETE FROM deduplication WHERE queue = ? AND id = ? AND job_id = ?';

/** What the removal of a row needs to know of the job. */
export type RemovableJob = Pick<JobRow, 'seq' | 'id' | 'state' | 'parent_key' | 'deduplication_id'>;

/** How a job is removed. */
export interface RowRemoval {
  /** Whether a parent in the same queue that waited only for this job goes, too. */
  hard: boolean;
  /** Whether the job's deduplication id becomes free. */
  deduplication: boolean;
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
