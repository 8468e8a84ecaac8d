import { inspect } from 'node:util';
import type { Job } from 'bullmq';
import type { Duration } from '../options/index.js';
import type { JobReader } from './job-reader.js';
import type { JobDetails, JobStateName } from './job-details.js';

/**
 * A stored job, as `enqueue` returns it. Holds no connection and needs no disposal.
 * @typeParam R what the handler returns
 * @publicApi
 */
export class JobHandle<R = unknown> {
  // Private to the language: loggers and serializers see no other, and these lead to the store and
  // its password.
  readonly #reader: JobReader;
  readonly #known: { readonly value: unknown } | undefined;

  /** @internal */
  constructor(
    readonly id: string,
    readonly queue: string,
    readonly name: string,
    reader: JobReader,
    known?: { readonly value: unknown },
  ) {
    this.#reader = reader;
    this.#known = known;
  }

  /** The state now, or `'removed'` when the job is not in the store. */
  state(): Promise<JobStateName> {
    return this.#reader.state(this);
  }

  /**
   * Waits for the end of the job. Never depends on an event alone: the stored state decides, and is
   * asked for at growing intervals (at most 500 ms); a job that ends in this process is noticed at
   * once. In a handler it holds the handler's slot; for a job of its own queue, `continueWith()` is
   * the better way.
   * @param options.timeout how long to wait; default 1 min
   * @param options.signal stops waiting, with the signal's reason
   * @returns what the handler returned
   * @throws JobFailedError, JobCancelledError, JobNotFoundError, ResultTimeoutError
   */
  result(options: { timeout?: Duration; signal?: AbortSignal } = {}): Promise<R> {
    if (this.#known !== undefined) return Promise.resolve(this.#known.value as R);
    return this.#reader.result(this, options) as Promise<R>;
  }

  /** Everything the store knows of the job. @throws JobNotFoundError */
  details(): Promise<JobDetails> {
    return this.#reader.details(this);
  }

  /** What the handler wrote with `JobContext.log()`, oldest first. */
  logs(): Promise<readonly string[]> {
    return this.#reader.logs(this);
  }

  /** For logs: `JobHandle(emails/0199…)`. */
  toString(): string {
    return `JobHandle(${this.queue}/${this.id})`;
  }

  /** Where the job is: what `JobScheduler.get()` takes. */
  toJSON(): { id: string; queue: string; name: string } {
    const { id, queue, name } = this;
    return { id, queue, name };
  }

  /** For logs, as {@link toString}. */
  [inspect.custom](): string {
    return this.toString();
  }
}

/** The handle of a job that BullMQ returned. @internal */
export function handleOf(job: Job, reader: JobReader): JobHandle {
  return new JobHandle(job.id!, job.queueName, job.name, reader);
}
