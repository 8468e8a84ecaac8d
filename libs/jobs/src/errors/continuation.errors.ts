import { capital, describeJob, JobsError, type JobLocation } from './jobs.error.js';

/**
 * A continuation does not run, since the job before it did not end as it asks for; thrown by
 * `JobHandle.result()`. If that job failed, retry it: the continuation then waits for it again.
 * @publicApi
 */
export class ContinuationSkippedError extends JobsError {
  constructor(
    location: JobLocation,
    /** Why, in words. */
    readonly reason: string,
  ) {
    super(`${capital(describeJob(location))} was skipped: ${reason}.`);
  }
}
