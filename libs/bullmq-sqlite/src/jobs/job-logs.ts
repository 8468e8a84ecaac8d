import type { ErrorCode } from 'bullmq';
import { NotWrittenYetError } from '../errors/index.js';
import type { Transaction } from '../store/index.js';

export function addLog(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _text: string,
  _keepLogs?: number,
): number | ErrorCode {
  throw new NotWrittenYetError('addLog');
}

export function clearLogs(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _keepLogs?: number,
): void {
  throw new NotWrittenYetError('clearLogs');
}

export function getLogs(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _start: number,
  _end: number,
  _asc: boolean,
): { logs: string[]; count: number } {
  throw new NotWrittenYetError('getLogs');
}
