import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { cancelRequests } from '../coordination/index.js';
import { HandlerRegistry, type HandlerClass } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import { JobStateError, UniqueKeyHeldError } from '../errors/index.js';
import type { ContinuationMoment } from '../options/index.js';
import type { StoredPayload } from '../payload/index.js';
import {
  Continuations,
  type Antecedents,
  type ContinuationValues,
  type ContinueOptions,
} from '../continuations/index.js';
import { IdempotencyKeys } from '../idempotency/index.js';
import {
  changeJob,
  JobCanceller,
  JobRemover,
  JobEnqueuer,
  handleOf,
  JobHandle,
  readJobRef,
  JobReader,
  JobPreparer,
  JobWriter,
  PendingJobs,
  StoreCalls,
  UniquePlaces,
  type HandleOf,
  type JobRef,
  type EnqueuedJob,
  type PreparedJob,
} from '../enqueueing/index.js';
import {
  Batches,
  type BatchBuilder,
  type BatchHandle,
  type BatchOptions,
} from '../batches/index.js';
import { JobChain } from './job-chain.js';
import { JobLimits } from '../concurrency/index.js';
import { RecurringJobs } from '../recurring/index.js';
import { TransactionalJobs } from './transactional-jobs.js';

/**
 * Stores and steers jobs. Inject it anywhere.
 *
 * (BullMQ has a class of this name for recurring jobs; this one is the service of this library.)
 *
 * @example
 * ```ts
 * const job = await this.jobs.enqueue(EmailService, (s) => s.sendWelcome(user.id));
 * await this.jobs.schedule(EmailService, (s) => s.sendReminder(user.id), { delay: '3 days' });
 * ```
 * @publicApi
 */
@Injectable()
export class JobScheduler extends JobEnqueuer {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly preparer: JobPreparer,
    private readonly reader: JobReader,
    private readonly writer: JobWriter,
    private readonly canceller: JobCanceller,
    private readonly remover: JobRemover,
    private readonly calls: StoreCalls,
    private readonly queues: QueueRegistry,
    private readonly keys: IdempotencyKeys,
    private readonly pending: PendingJobs,
    /** Concurrency and rate limits, changed at run time. */
    readonly limits: JobLimits,
    /** Recurring jobs: made, changed, paused, run and asked for at run time. */
    readonly recurring: RecurringJobs,
    private readonly continuations: Continuations,
    /** Batches: made, and found again by their ids. */
    readonly batches: Batches,
    private readonly places: UniquePlaces,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {
    super({ registry, preparer, reader });
  }

  /**
   * Enqueues inside a transaction of the application: the jobs are committed with it, and gone with
   * its rollback.
   * @param client what holds the open transaction: PostgreSQL: a `pg` client; SQLite: a
   *   `DatabaseSync` of node:sqlite to the jobs' file, best with one transaction at a time on it
   *   and BEGIN IMMEDIATE
   * @throws UnsupportedByEngineError when the engine cannot
   */
  withTransaction(client: object): TransactionalJobs {
    const parts = { registry: this.registry, preparer: this.preparer, reader: this.reader };
    return new TransactionalJobs(parts, this.engine, client, this.places);
  }

  /**
   * Stores a call to be run when a job has ended, or when several have. It is stored at once: with
   * an end that has come already it runs now, and no crash can lose it.
   *
   * Its handle has the state `waiting-children` until then. If it can never run, since the job
   * before failed (or completed, with `on: 'failed'`), `result()` throws a
   * ContinuationSkippedError; a retry of the failed job lets it wait again. Cancelling or removing
   * the job before cancels it, unless it runs `on` that.
   * @param after the job's handle, `{ queue, id }` or id; or a list, to run once when all of them
   *   have ended
   * @param call makes exactly one call: `(s, order) => s.ship(order.id)`. Its second parameter
   *   stands for what the job before returns (its error, with `on: 'failed'`; how it ended, with
   *   `on: 'finished'`), of a list for each. It can be passed on, whole or a property of it;
   *   nothing else can be done with it
   * @throws JobNotFoundError when a job before is not in the store; InvalidInvocationError, and as
   *   `enqueue`
   */
  continueWith<
    const A extends Antecedents,
    T extends object,
    R,
    On extends ContinuationMoment = 'completed',
  >(
    after: A,
    type: HandlerClass<T>,
    call: (service: T, value: ContinuationValues<A, On>) => R,
    options: ContinueOptions<On> = {},
  ): Promise<HandleOf<R>> {
    return this.continuations.continueWith(after, type, call, options);
  }

  /**
   * Begins a chain of jobs that run one after the other: `jobs.chain().then(Orders, (s) =>
   * s.process(id)).then(Shipping, (s, order) => s.ship(order)).enqueue()`.
   */
  chain(): JobChain<undefined> {
    return new JobChain(this.continuations);
  }

  /**
   * Stores many jobs together, all or none of them, with continuations for when all of them have
   * ended: `Batches.create`.
   *
   * @example
   * ```ts
   * await this.jobs.batch((b) => b.enqueueMany(MailService, users, (s, user) => s.send(user.id)), {
   *   onFinished: [ReportService, (s, batch) => s.report(batch)],
   * });
   * ```
   * @throws InvalidBatchError with the faults of all jobs, BatchUncertainError
   */
  batch<C extends object, F extends object, E extends object>(
    build: (batch: BatchBuilder) => unknown,
    options?: BatchOptions<C, F, E>,
  ): Promise<BatchHandle> {
    return this.batches.create(build, options);
  }

  /** Finds a job. @returns undefined when it is not in the store */
  async get<R = unknown>(given: JobRef): Promise<JobHandle<R> | undefined> {
    const ref = readJobRef(given, 'to find');
    const job = await this.reader.find(ref);
    if (job !== undefined) return handleOf(job, this.reader) as JobHandle<R>;
    const found = await this.reader.locate(ref);
    return found && new JobHandle<R>(found.id, found.queue, found.name, this.reader);
  }

  /**
   * Cancels a job in any process: one that waits is failed with a JobCancelledError without calling
   * its handler; one that runs has its signal aborted and `abortTimeout` to react, then it is
   * failed. (A handler that finishes within that time has succeeded, and its job completes.) One
   * that waits gives its unique and idempotency keys at once, one that runs when it has ended.
   * @param reason kept in the error
   * @returns false when the job has finished already, or is not in the store
   */
  async cancel(ref: JobRef, reason?: string): Promise<boolean> {
    return this.canceller.cancel(readJobRef(ref, 'to cancel'), reason);
  }

  /**
   * Runs a failed job again, with all its attempts. One that is unique is the only one of its key
   * again.
   * @throws JobNotFoundError, JobStateError unless it has failed, UniqueKeyHeldError when another
   *   job has its key now
   */
  async retry(ref: JobRef): Promise<void> {
    await this.calls.change('retry a job', async () => {
      const job = await this.inState(ref, 'retry', 'failed');
      await this.refuseBeside(job);
      await this.change('retry', job, 'failed', () => this.runAgain(job));
    });
  }

  private async runAgain(job: Job): Promise<void> {
    await cancelRequests.forget(this.engine.store, { queue: job.queueName, id: job.id! });
    const { cancelled, ...data } = job.data as StoredPayload;
    if (cancelled !== undefined) await job.updateData(data);
    await this.pending.forget({ queue: job.queueName, id: job.id! });
    await this.continuations.revive({ queue: job.queueName, id: job.id! });
    await job.retry('failed', { resetAttemptsMade: true });
  }

  /** It takes its key again when it starts; until then another job may, which it then waits for. */
  private async refuseBeside(job: Job): Promise<void> {
    const { deduplication } = job.opts;
    if (deduplication === undefined) return;
    const holder = await this.queues.get(job.queueName).getDeduplicationJobId(deduplication.id);
    if (holder === null || holder === job.id) return;
    const location = { queue: job.queueName, id: job.id!, name: job.name };
    throw new UniqueKeyHeldError(location, job.queueName, holder);
  }

  /**
   * Runs a delayed job now.
   * @throws JobNotFoundError, JobStateError unless it is delayed
   */
  async promote(ref: JobRef): Promise<void> {
    await this.calls.change('promote a job', async () => {
      const job = await this.inState(ref, 'promote', 'delayed');
      await this.change('promote', job, 'delayed', () => job.promote());
    });
  }

  /**
   * Removes a job that does not run.
   * @throws JobNotFoundError, JobStateError while it runs
   */
  async remove(given: JobRef): Promise<void> {
    await this.remover.remove(readJobRef(given, 'to remove'));
  }

  /** @internal */
  protected write(job: PreparedJob): Promise<EnqueuedJob | void> {
    return job.data.idempotency === undefined ? this.writer.write(job) : this.keys.store(job);
  }

  /** @internal */
  protected writeMany(
    jobs: readonly PreparedJob[],
  ): Promise<PromiseSettledResult<EnqueuedJob | void>[]> {
    const call = {};
    return Promise.allSettled(jobs.map((job) => this.write(Object.assign(job, { call }))));
  }

  private change(
    operation: string,
    { queueName: queue, id, name }: Job,
    expected: string,
    change: () => Promise<void>,
  ): Promise<void> {
    return changeJob(this.reader, operation, { queue, id: id!, name, expected }, change);
  }

  private async inState(ref: JobRef, operation: string, expected: string): Promise<Job> {
    const job = await this.reader.get(readJobRef(ref, `to ${operation}`));
    const location = { queue: job.queueName, id: job.id!, name: job.name };
    const state = await this.reader.state(location);
    if (state !== expected) throw new JobStateError(operation, location, expected, state);
    return job;
  }
}
