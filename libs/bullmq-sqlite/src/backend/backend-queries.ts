import type { DependenciesOpts, IQueueBackend, JobJson, JobType } from 'bullmq';
import * as clients from '../jobs/queue/clients.js';
import * as flowQueries from '../jobs/flows/flow-queries.js';
import * as jobLogs from '../jobs/queries/job-logs.js';
import { findJob, toJobJson } from '../jobs/row/job-row.js';
import * as meta from '../jobs/queue/meta.js';
import * as metrics from '../jobs/finishing/metrics.js';
import * as queries from '../jobs/queries/queries.js';
import { isMaxed } from '../jobs/queue/queue-settings.js';
import { getRanges } from '../jobs/queries/ranges.js';
import { BackendBase, type Result } from './backend-base.js';

/** The questions that the contract answers: none of them changes anything. */
export abstract class BackendQueries extends BackendBase {
  getState(jobId: string): Result<'getState'> {
    return this.read((tx) => queries.getState(tx, this.qualifiedName, jobId));
  }

  isFinished(jobId: string, returnValue = false): Result<'isFinished'> {
    return this.read((tx) => queries.isFinished(tx, this.qualifiedName, jobId, returnValue));
  }

  isMaxed(): Promise<boolean> {
    return this.read((tx) => isMaxed(tx, tx.queue(this.qualifiedName)));
  }

  isJobInState(state: string, jobId: string): Promise<boolean> {
    return this.read((tx) => queries.isInState(tx, this.qualifiedName, state, jobId));
  }

  getJobData(jobId: string): Promise<JobJson | undefined> {
    return this.read((tx) => {
      const row = findJob(tx, tx.queue(this.qualifiedName), jobId);
      return row && toJobJson(row);
    });
  }

  getJobLogs(jobId: string, start: number, end: number, asc: boolean): Result<'getJobLogs'> {
    return this.read((tx) => jobLogs.getLogs(tx, this.qualifiedName, jobId, start, end, asc));
  }

  getRateLimitTtl(maxJobs?: number): Promise<number> {
    return this.read((tx) => meta.getRateLimitTtl(tx, this.qualifiedName, maxJobs));
  }

  getCounts(types: JobType[], delayedTimestamp?: number): Promise<number[]> {
    return this.read((tx) => queries.getCounts(tx, this.qualifiedName, types, delayedTimestamp));
  }

  getCountsPerPriority(priorities: number[]): Promise<number[]> {
    return this.read((tx) => queries.getCountsPerPriority(tx, this.qualifiedName, priorities));
  }

  getRanges(types: JobType[], start = 0, end = 1, asc = false): Result<'getRanges'> {
    return this.read((tx) =>
      getRanges(tx, this.qualifiedName, types, start, end, asc),
    ) as Result<'getRanges'>;
  }

  getDependencyCounts(jobId: string, types: string[]): Promise<number[]> {
    return this.read((tx) => flowQueries.getDependencyCounts(tx, this.qualifiedName, jobId, types));
  }

  getDependencies(jobId: string, options: DependenciesOpts = {}): Result<'getDependencies'> {
    return this.read((tx) => flowQueries.getDependencies(tx, this.qualifiedName, jobId, options));
  }

  getProcessedChildrenValues(jobId: string): Promise<Record<string, string>> {
    return this.read((tx) => flowQueries.getProcessedValues(tx, this.qualifiedName, jobId));
  }

  getIgnoredChildrenFailures(jobId: string): Promise<Record<string, string>> {
    return this.read((tx) => flowQueries.getIgnoredFailures(tx, this.qualifiedName, jobId));
  }

  paginate(...[key, options]: Parameters<IQueueBackend['paginate']>): Result<'paginate'> {
    return this.read((tx) => flowQueries.paginate(tx, key, options));
  }

  getMetrics(type: 'completed' | 'failed', start = 0, end = -1): Result<'getMetrics'> {
    return this.read((tx) =>
      metrics.getMetrics(tx, this.qualifiedName, type, start, end),
    ) as Result<'getMetrics'>;
  }

  async getClientList(): Promise<string[]> {
    return [await this.read(clients.clientList)];
  }
}
