import { NotWrittenYetError } from '../errors/index.js';
import type { QueueRecord, Transaction } from '../store/index.js';
import type { NewJob } from './new-job.js';

export function deduplicate(
  _transaction: Transaction,
  _queue: QueueRecord,
  _id: string,
  _entry: NewJob,
): string | undefined {
  throw new NotWrittenYetError('deduplicate');
}

export function finalizeDeduplication(
  _transaction: Transaction,
  _queue: QueueRecord,
  _jobId: string,
  _deduplicationId: string,
  _now: number,
): void {
  throw new NotWrittenYetError('finalizeDeduplication');
}

export function releaseDeduplicationId(
  _transaction: Transaction,
  _queueName: string,
  _id: string,
  _jobId?: string,
): number {
  throw new NotWrittenYetError('deduplicate');
}

export function deduplicationJobId(
  _transaction: Transaction,
  _queueName: string,
  _id: string,
  _now: number,
): string | null {
  throw new NotWrittenYetError('deduplicationJobId');
}
