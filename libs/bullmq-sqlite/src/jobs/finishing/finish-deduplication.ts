import type { QueueRecord, Transaction } from '../../store/index.js';
import { storeJob } from '../adding/add-job.js';
import { expiryOf, forgetNextJob, freeId, holdId } from '../deduplication/deduplication-holder.js';
import { addPendingChild } from '../flows/flow.js';
import type { NewJob } from '../row/new-job.js';
import { maxEventsOf, trimEvents } from '../queue/queue-settings.js';

interface DeduplicationRow {
  job_id: string | null;
  expires_at: number | null;
  next: string | null;
}

const FIND = 'SELECT job_id, expires_at, next FROM deduplication WHERE queue = ? AND id = ?';

/**
 * Frees the deduplication id of a job that has finished, unless it expires by itself, and adds the
 * job that was kept until then.
 */
export function finishDeduplication(
  transaction: Transaction,
  queue: QueueRecord,
  jobId: string,
  deduplicationId: string,
  now: number,
): void {
  const row = transaction.get<DeduplicationRow>(FIND, queue.id, deduplicationId);
  if (row === undefined) return;
  if (row.next !== null) forgetNextJob(transaction, queue, deduplicationId);
  const isOver =
    row.expires_at === null ? row.job_id === jobId : row.expires_at <= transaction.steadyNow();
  if (isOver) freeId(transaction, queue, deduplicationId);
  if (row.next !== null) {
    addNextJob(transaction, queue, deduplicationId, JSON.parse(row.next) as NewJob, now);
  }
}

/**
 * The job is new as of now. One whose id was taken meanwhile is a duplicate, as it is in an add.
 */
function addNextJob(
  transaction: Transaction,
  queue: QueueRecord,
  deduplicationId: string,
  { job, jobId, parentKeyOpts }: NewJob,
  now: number,
): void {
  queue.lastJobId += 1;
  maxEventsOf(transaction, queue);
  if (!storeJob(transaction, queue, jobId, { job: { ...job, timestamp: now }, jobId })) {
    trimEvents(transaction, queue);
    transaction.emit(queue, 'duplicated', jobId);
    return;
  }
  const steadyNow = transaction.steadyNow();
  const expiresAt = expiryOf(job.opts.deduplication ?? { id: deduplicationId }, steadyNow);
  holdId(transaction, queue, deduplicationId, { jobId, expiresAt }, steadyNow);
  if (parentKeyOpts?.parentDependenciesKey !== undefined && job.parentKey !== undefined) {
    addPendingChild(transaction, job.parentKey, `${queue.name}:${jobId}`);
  }
}
