import { ErrorCode } from 'bullmq';
import type { Transaction } from '../../store/index.js';
import { trimEvents } from '../queue/queue-settings.js';

const SET_DATA = 'UPDATE job SET data = ? WHERE queue = ? AND id = ?';
const SET_PROGRESS = 'UPDATE job SET progress = ? WHERE queue = ? AND id = ?';

/** What BullMQ reads where nothing was stored. */
const NO_DATA = '{}';

/** Replaces a job's data, which is JSON or nothing. Returns BullMQ's code: 0 when it was done. */
export function updateData(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  data: string | undefined,
): ErrorCode | 0 {
  const { id } = transaction.queue(queueName);
  const changed = transaction.run(SET_DATA, data ?? NO_DATA, id, jobId);
  return changed === 0 ? ErrorCode.JobNotExist : 0;
}

/**
 * Stores how far a job is, as JSON or nothing, and tells it. Returns BullMQ's code: 0 when it was
 * done.
 */
export function updateProgress(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  progress: string | undefined,
): ErrorCode | 0 {
  const { id } = transaction.queue(queueName);
  const changed = transaction.run(SET_PROGRESS, progress ?? null, id, jobId);
  if (changed === 0) return ErrorCode.JobNotExist;
  const queue = transaction.change(queueName);
  trimEvents(transaction, queue);
  transaction.emit(queue, 'progress', jobId, { data: progress ?? '' });
  return 0;
}
