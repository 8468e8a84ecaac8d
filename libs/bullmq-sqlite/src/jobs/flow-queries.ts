import type { DependenciesOpts, IQueueBackend } from 'bullmq';
import { NotWrittenYetError } from '../errors/index.js';
import type { Transaction } from '../store/index.js';

export function getDependencyCounts(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _types: string[],
): number[] {
  throw new NotWrittenYetError('getDependencyCounts');
}

export function getDependencies(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
  _options: DependenciesOpts,
): Awaited<ReturnType<IQueueBackend['getDependencies']>> {
  throw new NotWrittenYetError('getDependencies');
}

export function getProcessedValues(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
): Record<string, string> {
  throw new NotWrittenYetError('getProcessedValues');
}

export function getIgnoredFailures(
  _transaction: Transaction,
  _queueName: string,
  _jobId: string,
): Record<string, string> {
  throw new NotWrittenYetError('getIgnoredFailures');
}

export function paginate(
  _transaction: Transaction,
  _key: string,
  _options: { start: number; end: number; fetchJobs?: boolean },
): Awaited<ReturnType<IQueueBackend['paginate']>> {
  throw new NotWrittenYetError('paginate');
}
