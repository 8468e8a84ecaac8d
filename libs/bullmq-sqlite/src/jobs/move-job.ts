import type { ErrorCode } from 'bullmq';
import { NotWrittenYetError } from '../errors/index.js';
import type { Transaction } from '../store/index.js';
import type { Claim, ClaimResult } from './claim-job.js';
import type { End } from './ranks.js';

export function moveToDelayed(
  _transaction: Transaction,
  _queueName: string,
  _move: {
    jobId: string;
    timestamp: number;
    delay: number;
    token: string;
    skipAttempt: boolean;
    fields?: Record<string, unknown> | undefined;
    next?: Claim | undefined;
    now: number;
  },
): ClaimResult | [] | ErrorCode {
  throw new NotWrittenYetError('moveToDelayed');
}

export function moveActiveToWait(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _token: string,
  _now: number,
): number {
  throw new NotWrittenYetError('moveActiveToWait');
}

export function retryActive(
  _transaction: Transaction,
  _queueName: string,
  _retry: {
    jobId: string;
    end: End;
    token: string;
    fields?: Record<string, unknown> | undefined;
    now: number;
  },
): ErrorCode | 0 {
  throw new NotWrittenYetError('retryActive');
}

export function reprocess(
  _transaction: Transaction,
  _queueName: string,
  _options: {
    jobId: string;
    state: 'completed' | 'failed';
    end: End;
    resetAttemptsMade: boolean;
    resetAttemptsStarted: boolean;
  },
): ErrorCode | 1 {
  throw new NotWrittenYetError('reprocess');
}

export function promote(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
): ErrorCode | 0 {
  throw new NotWrittenYetError('promote');
}

export function changeDelay(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _delay: number,
  _now: number,
): ErrorCode | 0 {
  throw new NotWrittenYetError('changeDelay');
}

export function changePriority(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _priority: number,
  _lifo: boolean,
): ErrorCode | 0 {
  throw new NotWrittenYetError('changePriority');
}

export function moveJobsToWait(
  _transaction: Transaction,
  _queueName: string,
  _state: 'completed' | 'failed' | 'delayed',
  _count: number,
  _timestamp: number,
): number {
  throw new NotWrittenYetError('moveJobsToWait');
}
