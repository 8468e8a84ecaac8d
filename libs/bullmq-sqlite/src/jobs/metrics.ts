import { NotWrittenYetError } from '../errors/index.js';
import type { QueueRecord, Transaction } from '../store/index.js';

export function collectMetrics(
  _transaction: Transaction,
  _queue: QueueRecord,
  _kind: 'completed' | 'failed',
  _maxDataPoints: number,
  _now: number,
): void {
  throw new NotWrittenYetError('collectMetrics');
}

export function getMetrics(
  _transaction: Transaction,
  _queueName: string,
  _kind: 'completed' | 'failed',
  _start: number,
  _end: number,
): [string[], string[], number] {
  throw new NotWrittenYetError('collectMetrics');
}
