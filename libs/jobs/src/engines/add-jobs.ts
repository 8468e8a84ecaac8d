import type { JobJson, JobsOptions, Queue } from 'bullmq';

/** A job to store: valid, complete, and the child of no other. @internal */
export interface NewJob {
  readonly name: string;
  readonly id: string;
  readonly data: unknown;
  readonly opts: JobsOptions;
}

/**
 * Stores a job in one operation of the queue's backend: what `Queue.add` comes to, without the
 * `Job` that it builds, checks and takes apart again, which costs more than all else that an
 * enqueue does in this process. So what `Job` would refuse is to be refused before.
 * @returns the id of the job that is there now
 * @internal
 */
export function addJob(queue: Queue, job: NewJob): Promise<string> {
  return queue.getBackend().addJob(toNewJson(job), job.id);
}

/**
 * Stores jobs, as {@link addJob} does one, in one operation.
 * @returns for each the id of the job that is there now, or the backend's error code
 * @internal
 */
export function addJobs(queue: Queue, jobs: readonly NewJob[]): Promise<string[]> {
  const entries = jobs.map((job) => ({ job: toNewJson(job), jobId: job.id }));
  return queue.getBackend().addJobs(entries);
}

/** A new job as BullMQ hands it to a backend. @internal */
export function toNewJson({ name, id, data, opts }: NewJob): JobJson {
  return {
    id,
    name,
    data: JSON.stringify(data),
    opts,
    timestamp: opts.timestamp ?? Date.now(),
    priority: opts.priority ?? 0,
    progress: 0,
    attemptsMade: 0,
    attemptsStarted: 0,
    stalledCounter: 0,
    failedReason: '',
    returnvalue: 'null',
    // Of one shape, which is made faster; backends take what is undefined for what is not there.
    delay: opts.delay,
    deduplicationId: opts.deduplication?.id,
  };
}
