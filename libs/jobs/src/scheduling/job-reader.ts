import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { cancelRequests, JOBS_ENGINE, SettledJobs, type Engine } from '../contracts/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import {
  JobCancelledError,
  JobFailedError,
  JobNotFoundError,
  ResultTimeoutError,
  type JobLocation,
} from '../errors/index.js';
import { restoreValue } from '../payload/index.js';
import { toJobDetails, type JobDetails, type JobStateName } from './job-details.js';
import type { JobRef } from './job-handle.js';

const DEFAULT_RESULT_TIMEOUT_MS = 60_000;
const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 500;

/** Where a job is. @internal */
export interface JobAddress {
  readonly queue: string;
  readonly id: string;
  readonly name?: string;
}

/**
 * Reads stored jobs.
 * @internal
 */
@Injectable()
export class JobReader {
  constructor(
    private readonly queues: QueueRegistry,
    private readonly registry: HandlerRegistry,
    private readonly settled: SettledJobs,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /**
   * Finds a job by any kind of reference; a bare id is searched in the queues this process knows.
   */
  async find(ref: JobRef): Promise<Job | undefined> {
    if (typeof ref !== 'string') return this.queues.get(ref.queue).getJob(ref.id);
    const names = [...new Set([...this.registry.queues, ...this.queues.names()])];
    const found = await Promise.all(names.map((name) => this.queues.get(name).getJob(ref)));
    return found.find((job) => job !== undefined);
  }

  /** @throws JobNotFoundError */
  async get(ref: JobRef): Promise<Job> {
    const job = await this.find(ref);
    if (job === undefined) throw new JobNotFoundError(typeof ref === 'string' ? { id: ref } : ref);
    return job;
  }

  async state({ queue, id }: JobAddress): Promise<JobStateName> {
    const state = await this.queues.get(queue).getJobState(id);
    return state === 'unknown' ? 'removed' : (state as JobStateName);
  }

  async details(address: JobAddress): Promise<JobDetails> {
    const [job, state] = await Promise.all([this.get(address), this.state(address)]);
    return toJobDetails(job, state);
  }

  async logs({ queue, id }: JobAddress): Promise<readonly string[]> {
    return (await this.queues.get(queue).getJobLogs(id)).logs;
  }

  async result(
    address: JobAddress,
    options: { timeout?: number; signal?: AbortSignal },
  ): Promise<unknown> {
    const timeout = options.timeout ?? DEFAULT_RESULT_TIMEOUT_MS;
    const deadline = Date.now() + timeout;
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, LONGEST_POLL_MS)) {
      options.signal?.throwIfAborted();
      // Listening before asking: an end between the question and the pause must not be slept through.
      const hint = this.waitForHint(address, options.signal);
      try {
        const end = await this.readEnd(address);
        if (end.finished) return end.result;
        const left = deadline - Date.now();
        if (left <= 0) throw new ResultTimeoutError(address, timeout);
        await hint.orAfter(Math.min(pause, left));
      } finally {
        hint.cancel();
      }
    }
  }

  /** The result of a finished job; throws what it failed with. */
  private async readEnd(address: JobAddress): Promise<{ finished: boolean; result?: unknown }> {
    const backend = this.queues.get(address.queue).getBackend();
    const answer = await backend.isFinished(address.id, true);
    const [status, value] = Array.isArray(answer) ? answer : [answer, ''];
    if (status === 1) return { finished: true, result: restoreValue(JSON.parse(value || 'null')) };
    if (status === 2) throw await this.failureOf(address, value);
    if (status === 0) return { finished: false };
    const request = await cancelRequests.find(this.engine.store, address);
    throw request ? cancelRequests.toError(request, address) : new JobNotFoundError(address);
  }

  private async failureOf(address: JobAddress, reason: string): Promise<Error> {
    const request = await cancelRequests.find(this.engine.store, address);
    if (request) return new JobCancelledError(address, request.reason);
    const job = await this.find(address);
    const location: JobLocation = { ...address, name: address.name ?? job?.name };
    return new JobFailedError(location, job?.failedReason ?? reason, job?.stacktrace ?? []);
  }

  private waitForHint(address: JobAddress, signal: AbortSignal | undefined) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopListening = this.settled.once(address, resolve);
    let timer: NodeJS.Timeout | undefined;
    const onAbort = () => resolve();
    signal?.addEventListener('abort', onAbort, { once: true });
    return {
      orAfter: (ms: number): Promise<void> => {
        timer = setTimeout(resolve, ms);
        return promise;
      },
      cancel: (): void => {
        clearTimeout(timer);
        stopListening();
        signal?.removeEventListener('abort', onAbort);
      },
    };
  }
}
