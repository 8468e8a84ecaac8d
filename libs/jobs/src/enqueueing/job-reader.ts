import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { cancelRequests } from '../coordination/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import {
  DamagedJobError,
  describeJob,
  JobFailedError,
  JobNotFoundError,
  ResultTimeoutError,
  type JobLocation,
} from '../errors/index.js';
import { JOBS_OPTIONS, rules, type ResolvedOptions } from '../options/index.js';
import { restoreValue, type StoredPayload } from '../payload/index.js';
import { after, monotonicNow, type Timer } from '../timers/index.js';
import { pendingDetails, toJobDetails, type JobDetails, type JobStateName } from './job-details.js';
import { isReadableId } from './job-id.js';
import type { JobRef } from './job-ref.js';
import { PendingJobs, type PendingJob } from './pending-jobs.js';
import { SettledJobs } from './settled-jobs.js';
import { StoreCalls } from './store-calls.js';
import { readWaitOptions, type WaitOptions } from './wait-options.js';
import { WaitingRuns } from './waiting-runs.js';

const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 500;

/** More names than this come from no application. */
const MAX_QUEUES = 1_000;

/** The last question before the deadline still gets this long for its answer. */
const SHORTEST_READ_MS = 1_000;

/** Where a job is. @internal */
export interface JobAddress {
  readonly queue: string;
  readonly id: string;
  readonly name?: string;
}

/**
 * How a job has ended. What it failed with is a value here: its words may be those of a lost
 * connection.
 */
type JobEnd = { readonly result: unknown } | { readonly failure: Error };

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
    private readonly calls: StoreCalls,
    private readonly pending: PendingJobs,
    private readonly waiting: WaitingRuns,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Finds a job by any kind of reference; a bare id is searched in the queues this process knows.
   */
  async find(ref: JobRef): Promise<Job | undefined> {
    if (typeof ref !== 'string') return this.canHold(ref.queue) ? this.load(ref) : undefined;
    const known = [...this.knownQueues()];
    const found = await Promise.all(known.map((queue) => this.load({ queue, id: ref })));
    return found.find((job) => job !== undefined);
  }

  /** @throws JobNotFoundError */
  async get(ref: JobRef): Promise<Job> {
    const job = await this.find(ref);
    if (job === undefined) throw new JobNotFoundError(typeof ref === 'string' ? { id: ref } : ref);
    return job;
  }

  /** Where a job is, or will be: one that waits for others counts, too. */
  async locate(ref: JobRef): Promise<Required<JobAddress> | undefined> {
    const job = await this.find(ref);
    if (job !== undefined) return { queue: job.queueName, id: job.id!, name: job.name };
    const waiting = await this.findPending(ref);
    if (waiting === undefined) {
      // It may have come into its queue between the two questions.
      const again = await this.find(ref);
      return again && { queue: again.queueName, id: again.id!, name: again.name };
    }
    const { queue, id, name } = waiting.job;
    return { queue, id, name };
  }

  /** A job that is not in its queue, since it waits for others, or did so in vain. */
  async findPending(ref: JobRef): Promise<PendingJob | undefined> {
    const id = typeof ref === 'string' ? ref : ref.id;
    if (!isReadableId(id)) return undefined;
    const queues = typeof ref === 'string' ? [...this.knownQueues()] : [ref.queue];
    const found = await Promise.all(queues.map((queue) => this.pending.find({ queue, id })));
    return found.find((job) => job !== undefined);
  }

  async state({ queue, id }: JobAddress): Promise<JobStateName> {
    if (!this.canHold(queue) || !isReadableId(id)) return 'removed';
    return this.calls.read(`read the state of ${describeJob({ queue, id })}`, async () => {
      const state = await this.stateInQueue({ queue, id });
      if (state !== 'removed') return state;
      const waiting = await this.pending.find({ queue, id });
      if (waiting !== undefined) return waiting.end === undefined ? 'waiting-children' : 'removed';
      // It may have come into its queue between the two questions.
      return this.stateInQueue({ queue, id });
    });
  }

  async details(address: JobAddress): Promise<JobDetails> {
    // One after the other: a job that is read later than its state is never older than it.
    const state = await this.state(address);
    const job = await this.find(address);
    if (job !== undefined) return toJobDetails(job, state);
    const waiting = await this.pending.find(address);
    if (waiting === undefined) throw new JobNotFoundError(address);
    return pendingDetails(waiting);
  }

  async logs({ queue, id }: JobAddress): Promise<readonly string[]> {
    return this.calls.read(`read the log of ${describeJob({ queue, id })}`, async () => {
      const { logs } = await this.queues.get(queue).getJobLogs(id);
      return logs;
    });
  }

  async result(address: JobAddress, options: WaitOptions): Promise<unknown> {
    const { timeoutMs, signal } = readWaitOptions('result()', options);
    const wait = this.waiting.begin(address.queue);
    try {
      return await this.untilEnd(address, timeoutMs, signal, () =>
        wait.look(async () => (await this.state(address)) === 'active'),
      );
    } finally {
      wait.end();
    }
  }

  private async untilEnd(
    address: JobAddress,
    timeout: number,
    signal: AbortSignal | undefined,
    look: () => Promise<void>,
  ): Promise<unknown> {
    const deadline = monotonicNow() + timeout;
    for (let pause = FIRST_POLL_MS; ; pause = Math.min(pause * 1.5, LONGEST_POLL_MS)) {
      signal?.throwIfAborted();
      // Listening before asking: an end between the question and the pause must not be slept
      // through.
      const hint = this.waitForHint(address, signal);
      try {
        const end = await this.readEndOrNothing(address, deadline - monotonicNow());
        if (end !== undefined) {
          if ('failure' in end) throw end.failure;
          return end.result;
        }
        const left = deadline - monotonicNow();
        if (left <= 0) throw new ResultTimeoutError(address, timeout);
        await look();
        await hint.orAfter(Math.min(pause, left));
      } finally {
        hint.cancel();
      }
    }
  }

  /** A store that is lost for a while is no end: the deadline of the caller decides. */
  private async readEndOrNothing(address: JobAddress, leftMs: number): Promise<JobEnd | undefined> {
    try {
      return await this.calls.read(
        `read the result of ${describeJob(address)}`,
        () => this.readEnd(address),
        Math.max(leftMs, SHORTEST_READ_MS),
      );
    } catch (error) {
      if (this.calls.isUnavailable(error)) return undefined;
      throw error;
    }
  }

  private async load({ queue, id }: { queue: string; id: string }): Promise<Job | undefined> {
    if (!isReadableId(id)) return undefined;
    return this.calls.read(`read ${describeJob({ queue, id })}`, () =>
      this.queues.get(queue).getJob(id),
    );
  }

  private async stateInQueue({ queue, id }: JobAddress): Promise<JobStateName> {
    const state = await this.queues.get(queue).getJobState(id);
    return state === 'unknown' ? 'removed' : state;
  }

  private knownQueues(): Set<string> {
    return new Set([
      ...this.registry.queues,
      ...this.options.queues.keys(),
      ...this.queues.names(),
    ]);
  }

  /**
   * Names may come from a URL, and each queue that is asked for is kept: so they have a rule and a
   * limit.
   */
  private canHold(queue: string): boolean {
    if (this.knownQueues().has(queue)) return true;
    return rules.queueName.accepts(queue) && this.queues.names().length < MAX_QUEUES;
  }

  /** @returns undefined for a job that has not ended @throws JobNotFoundError, DamagedJobError */
  private async readEnd(address: JobAddress): Promise<JobEnd | undefined> {
    const backend = this.queues.get(address.queue).getBackend();
    const answer = await backend.isFinished(address.id, true);
    const [status, value] = Array.isArray(answer) ? answer : [answer, ''];
    if (status === 1) return { result: readResult(address, value) };
    if (status === 2) return { failure: await this.failureOf(address, value) };
    if (status === 0) return undefined;
    const request = await cancelRequests.find(this.engine.store, address);
    if (request) return { failure: cancelRequests.toError(request, address) };
    const waiting = await this.pending.find(address);
    if (waiting?.end) return { failure: waiting.end };
    // It may have come into its queue between the two questions.
    if (waiting || (await this.stateInQueue(address)) !== 'removed') return undefined;
    return { failure: new JobNotFoundError(address) };
  }

  private async failureOf(address: JobAddress, reason: string): Promise<Error> {
    const job = await this.find(address);
    const location: JobLocation = { ...address, name: address.name ?? job?.name };
    const request = await cancelRequests.find(this.engine.store, address);
    const cancelled = (job?.data as Partial<StoredPayload> | undefined)?.cancelled;
    const error = cancelRequests.endedBy(reason, [request, cancelled], location);
    if (error !== undefined) return error;
    return new JobFailedError(location, job?.failedReason ?? reason, job?.stacktrace ?? []);
  }

  private waitForHint(address: JobAddress, signal: AbortSignal | undefined) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopListening = this.settled.listen(address, resolve);
    let timer: Timer | undefined;
    const onAbort = () => resolve();
    signal?.addEventListener('abort', onAbort, { once: true });
    return {
      orAfter: (ms: number): Promise<void> => {
        timer = after(ms, resolve);
        return promise;
      },
      cancel: (): void => {
        timer?.stop();
        stopListening();
        signal?.removeEventListener('abort', onAbort);
      },
    };
  }
}

function readResult(address: JobAddress, stored: string): unknown {
  try {
    return restoreValue(JSON.parse(stored || 'null'));
  } catch (error) {
    throw new DamagedJobError(address, `its result: ${String(error)}`);
  }
}
