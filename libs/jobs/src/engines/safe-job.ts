import { inspect, type InspectOptions } from 'node:util';
import { Job, type IQueueBackend, type JobJson, type JobProgress, type JobsOptions } from 'bullmq';
import { damageOf, markDamaged } from './damage.js';
import { withStackOf } from './kept-stacks.js';

/** What BullMQ builds a job on: a queue, a worker or a flow producer. */
type JobQueue = Parameters<typeof Job.fromJSON>[0];

/**
 * A job whose reading never throws. Where BullMQ's own would, and so break a whole list or make a
 * worker claim the same job for ever, this one has `data` `{}` and a reason: see `damageOf`.
 * @internal
 */
export class SafeJob<
  Data = unknown,
  Result = unknown,
  Name extends string = string,
  Progress extends JobProgress = JobProgress,
> extends Job<Data, Result, Name, Progress> {
  static override fromJSON<T, R, N extends string>(
    queue: JobQueue,
    json: JobJson,
    jobId?: string,
  ): Job<T, R, N> {
    const known = damageOf(json);
    let job: Job<T, R, N>;
    let reason = known;
    try {
      job = super.fromJSON<T, R, N>(queue, json, jobId);
    } catch (error) {
      reason ??= `its data: ${error instanceof Error ? error.message : 'unreadable'}`;
      job = super.fromJSON<T, R, N>(queue, readableParts(json), jobId);
    }
    if (typeof job.name !== 'string') reason ??= 'it has no name';
    // For workers that are not ours, the backend asks BullMQ to fail a damaged job unseen. Ours
    // sees the damage itself, and reports it like any other failure.
    if (known !== undefined) delete (job as { deferredFailure?: string }).deferredFailure;
    if (reason !== undefined) markDamaged(job, reason);
    return job;
  }

  /** For logs, what `toJSON()` has: the rest is its queue, with all that is known of the store. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Job ${inspect(this.toJSON(), options)}`;
  }

  /** BullMQ keeps the stacks of all attempts, of any length, and nothing of causes. */
  protected override updateStacktrace(error: Error): void {
    this.stacktrace = withStackOf(error, this.stacktrace, this.opts.stackTraceLimit);
  }

  /**
   * As BullMQ's, which also waits for a connection that has claimed the job and serialises the
   * result twice: a tenth of what a small job costs.
   */
  override async moveToCompleted(
    result: Result,
    token: string,
    fetchNext = true,
  ): Promise<void | unknown[]> {
    const { removeOnComplete } = this.opts;
    const keep = removeOnComplete as Parameters<IQueueBackend['moveToCompleted']>[2];
    const finished = await this.backend.moveToCompleted(this, result, keep, token, fetchNext);
    this.returnvalue = result;
    this.finishedOn = finished.finishedOn;
    this.attemptsMade += 1;
    return finished.result;
  }

  /**
   * As BullMQ's, which would keep the stack once for each time that the store did not take the
   * failure.
   */
  override async moveToFailed(
    error: Error,
    token: string,
    fetchNext?: boolean,
  ): Promise<void | unknown[]> {
    const stacks = this.stacktrace;
    this.stacktrace = [...(stacks ?? [])];
    try {
      return await super.moveToFailed(error, token, fetchNext);
    } catch (refusal) {
      this.stacktrace = stacks;
      throw refusal;
    }
  }
}

function readableParts(json: JobJson): JobJson {
  const opts: unknown = json.opts;
  const readable = typeof opts === 'object' && opts !== null ? (opts as JobsOptions) : {};
  return { ...json, data: '{}', opts: readable };
}
