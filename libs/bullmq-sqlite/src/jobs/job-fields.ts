import { ErrorCode } from 'bullmq';
import type { Transaction } from '../store/index.js';
import { trimEvents } from './queue-settings.js';

const SET_DATA = 'UPDATE job SET data = ? WHERE queue = ? AND id = ?';
const SET_PROGRESS = 'UPDATE job SET progress = ? WHERE queue = ? AND id = ?';

/** Replaces a job's data, which is JSON. Returns BullMQ's code: 0 when it was done. */
export function updateData(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  data: string,
): ErrorCode | 0 {
  const changed = transaction.run(SET_DATA, data, transaction.queue(queueName).id, jobId);
  return changed === 0 ? ErrorCode.JobNotExist : 0;
}

/** Stores how far a job is, as JSON, and tells it. Returns BullMQ's code: 0 when it was done. */
export function updateProgress(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  progress: string,
): ErrorCode | 0 {
  const changed = transaction.run(SET_PROGRESS, progress, transaction.queue(queueName).id, jobId);
  if (changed === 0) return ErrorCode.JobNotExist;
  const queue = transaction.change(queueName);
  trimEvents(transaction, queue);
  transaction.emit(queue, 'progress', jobId, { data: progress });
  return 0;
}
