import type { JobsOptions, RepeatableOptions } from 'bullmq';
import { NotWrittenYetError } from '../errors/index.js';
import type { Transaction } from '../store/index.js';

export function addScheduler(
  _transaction: Transaction,
  _queueName: string,
  _options: {
    id: string;
    nextMillis: number;
    templateData: string;
    templateOpts: JobsOptions;
    repeat: RepeatableOptions;
    jobOpts: JobsOptions;
    producerId?: string | undefined;
    now: number;
  },
): [jobId: string, delay: number] | number {
  throw new NotWrittenYetError('addScheduler');
}

export function advanceScheduler(
  _transaction: Transaction,
  _queueName: string,
  _options: {
    id: string;
    nextMillis: number;
    templateData: string;
    jobOpts: JobsOptions;
    producerId?: string | undefined;
    now: number;
  },
): string | null {
  throw new NotWrittenYetError('advanceScheduler');
}

export function removeScheduler(
  _transaction: Transaction,
  _queueName: string,
  _id: string,
): number {
  throw new NotWrittenYetError('removeScheduler');
}

export function getScheduler(
  _transaction: Transaction,
  _queueName: string,
  _id: string,
): [fields: string[] | null, nextMillis: string | null] {
  throw new NotWrittenYetError('getScheduler');
}

export function getSchedulerFields(
  _transaction: Transaction,
  _queueName: string,
  _id: string,
): Record<string, string> {
  throw new NotWrittenYetError('getSchedulerFields');
}

export function getSchedulersRange(
  _transaction: Transaction,
  _queueName: string,
  _start: number,
  _end: number,
  _asc: boolean,
): string[] {
  throw new NotWrittenYetError('getSchedulersRange');
}

export function countSchedulers(_transaction: Transaction, _queueName: string): number {
  throw new NotWrittenYetError('countSchedulers');
}
