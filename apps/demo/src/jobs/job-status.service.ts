import { Injectable } from '@nestjs/common';
import { JobNotFoundError, JobScheduler } from 'nestjs-jobs';
import type { JobStatus } from './job-status.js';

/** What clients may ask for: names from outside must not make queues in the store. */
const QUEUES: ReadonlySet<string> = new Set([
  'mail',
  'images',
  'invoices',
  'payments',
  'reports',
  'sync',
  'carts',
]);

/** Reads the state of jobs for clients, who are shown neither arguments nor stack traces. */
@Injectable()
export class JobStatusService {
  constructor(private readonly jobs: JobScheduler) {}

  /** The status of a job, or undefined when it is not in the store. */
  async find(queue: string, id: string): Promise<JobStatus | undefined> {
    if (!QUEUES.has(queue)) return undefined;
    const handle = await this.jobs.get({ queue, id });
    if (!handle) return undefined;
    try {
      const [details, log] = await Promise.all([handle.details(), handle.logs()]);
      const { name, state, progress, attemptsMade, result, failedReason, startedAt, finishedAt } =
        details;
      // It may have ended after its state was read.
      const isRunning = state === 'active' && finishedAt === undefined;
      return {
        queue,
        id,
        name,
        state,
        progress: progress === 0 ? undefined : progress,
        attempts: attemptsMade + (isRunning ? 1 : 0),
        result,
        failure: failedReason,
        startedAt: startedAt?.toISOString(),
        log: [...log],
      };
    } catch (error) {
      // Removed between the two reads.
      if (error instanceof JobNotFoundError) return undefined;
      throw error;
    }
  }
}
