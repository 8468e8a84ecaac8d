import type { ErrorCode } from 'bullmq';
import { NotWrittenYetError } from '../errors/index.js';
import type { Transaction } from '../store/index.js';
import type { NewJob } from './new-job.js';

export function addFlow(
  _transaction: Transaction,
  _entries: (NewJob & { queueName: string })[],
  _now: number,
): (string | ErrorCode)[] {
  throw new NotWrittenYetError('addFlow');
}

export function moveToWaitingChildren(
  _transaction: Transaction,
  _queueName: string,
  _options: { jobId: string; token: string; childKey?: string | undefined; now: number },
): ErrorCode | 0 | 1 {
  throw new NotWrittenYetError('moveToWaitingChildren');
}

export function removeChildDependency(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _parentKey: string,
): ErrorCode | 0 | 1 {
  throw new NotWrittenYetError('removeChildDependency');
}
