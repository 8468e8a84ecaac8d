import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { JOBS_ENGINE, type Engine, type JobInfo } from '../contracts/index.js';
import { HandlerRegistry, QueueRetention } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import { LockLostError, ShutdownError } from '../errors/index.js';
import { StartContext, endsWithin, type ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type BackoffOptions, type ResolvedOptions } from '../options/index.js';
import type { StoredPayload } from '../payload/index.js';
import { monotonicNow } from '../timers/index.js';
import { CancellationsService } from './cancellations.service.js';
import { ClaimYield } from './claim-yield.js';
import { ExcessRemoval, withoutCounts } from './excess-removal.js';
import { JobExecutor } from './job-executor.js';
import { JobHooks } from './job-hooks.js';
import { createWorker, type JobsWorker } from './jobs-worker.js';
import { runOf, type JobRun } from './job-run.js';
import { Repairs } from './repairs.service.js';
import { pauseBeforeRetry } from './retry-policy.js';
import { RunningJobs } from './running-jobs.js';
import { StoreOutage } from './store-outage.js';

/** After the last abort, closing a worker may take this long before its connection is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

/** Giving jobs back and closing takes a part of `abortTimeout`, so that the process is gone when that is over, in ms. */
const GIVE_BACK_MS = 200;

function untilGivingBack(abortTimeoutMs: number): number {
  return abortTimeoutMs - Math.min(GIVE_BACK_MS, abortTimeoutMs / 4);
}

/**
 * The workers of this process, one for each queue it works on.
 * @internal
 */
@Injectable()
export class WorkersService implements ManagedService {
  readonly name = 'workers';
  readonly boundsItsStop = true;
  private workers: JobsWorker[] = [];
  private stopping: Promise<void> | undefined;
  private readonly ending = new AbortController();

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly retention: QueueRetention,
    private readonly executor: JobExecutor,
    private readonly running: RunningJobs,
    private readonly hooks: JobHooks,
    private readonly cancellations: CancellationsService,
    private readonly outage: StoreOutage,
    private readonly repairs: Repairs,
    private readonly yielding: ClaimYield,
    private readonly stored: QueueRegistry,
    private readonly logger: JobLogger,
    private readonly context: StartContext,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /** The queues that this process works on. */
  get queues(): readonly string[] {
    return this.registry.workedQueues;
  }

  /** Whether all workers run, and no stop was asked for. */
  get isRunning(): boolean {
    return this.stopping === undefined && this.workers.every((worker) => worker.isRunning());
  }

  async start(): Promise<void> {
    this.workers = this.queues.map((queue) => this.createWorker(queue));
    for (const worker of this.workers)
      worker.run().catch((error: Error) => this.onError(worker.name, error));
    this.logger.info(messages.workersStarted(this.queues));
  }

  /**
   * Claims no more at once; lets running jobs finish for `shutdownTimeout`; aborts their signals and
   * waits `abortTimeout`; gives back what still runs.
   */
  stop(): Promise<void> {
    return (this.stopping ??= this.drain());
  }

  /** Cuts the waiting short. */
  hurry(): void {
    for (const run of this.running.all())
      run.abortWithin(new ShutdownError(run), this.options.abortTimeoutMs);
  }

  private async drain(): Promise<void> {
    // Ticks of this process run without workers, too.
    if (this.workers.length === 0 && this.running.size === 0) return;
    const startedAt = monotonicNow();
    this.executor.refuseFurther();
    this.ending.abort();
    const closed = Promise.all(this.workers.map((worker) => worker.close()));
    if (this.running.size > 0) this.logger.info(messages.draining(this.running.size));
    if (!(await this.running.whenIdle(this.options.shutdownTimeoutMs))) {
      this.logger.warn(messages.aborting(this.running.size));
      for (const run of this.running.all()) run.abort(new ShutdownError(run));
      await this.running.whenIdle(untilGivingBack(this.options.abortTimeoutMs));
      for (const run of this.running.all()) run.endNow();
    }
    await this.cutAfter(CLOSE_TIMEOUT_MS, closed);
    this.workers = [];
    this.logger.info(messages.drained(Math.round(monotonicNow() - startedAt)));
  }

  /** A store that is gone must not hold up the exit. */
  private async cutAfter(ms: number, closed: Promise<unknown>): Promise<void> {
    if (await endsWithin(ms, closed)) return;
    await endsWithin(ms, Promise.all(this.workers.map((worker) => worker.disconnect())));
  }

  private createWorker(queue: string): JobsWorker {
    // Two parameters: with a third, BullMQ would make an AbortController for each job.
    const processor = (job: Job, token?: string) =>
      this.executor.execute(job as Job<StoredPayload>, token!, worker.locks);
    const backoff = (attempt: number, error: Error, job: Job) =>
      this.context.run(() => this.pauseAfter(attempt, error, job));
    const worker: JobsWorker = createWorker(
      queue,
      processor,
      backoff,
      this.engine,
      this.options,
      this.yielding,
    );
    void this.trim(worker);
    worker.stalledChecks = this.repairs.of(`stalled jobs of queue "${queue}"`);
    worker.on('completed', (job, result) => this.onCompleted(job, result));
    worker.on('failed', (job, error) => this.onFailed(job, error));
    worker.on('error', (error) => this.onError(queue, error));
    worker.on('lockRenewalFailed', (ids) => this.onLocksLost(worker, ids));
    worker.on('stalled', (id) => void this.onTakenOver(queue, id));
    worker.on('locksRenewed', ({ jobIds }) => this.onLocksRenewed(queue, jobIds));
    return worker;
  }

  /** A producer may not know all handlers of a queue; a worker does. So it says what the queue keeps. */
  private async trim(worker: JobsWorker): Promise<void> {
    const kept = this.retention.of(worker.name);
    worker.keepOnly(withoutCounts(kept));
    const repair = this.repairs.of(`retention of queue "${worker.name}"`);
    const queue = this.stored.get(worker.name);
    await new ExcessRemoval(queue, repair, this.ending.signal).reduceTo(kept);
    worker.keepOnly(kept);
  }

  private pauseAfter(attempt: number, error: Error, job: Job): number {
    const run = runOf(job);
    if (run === undefined) return 0;
    // What was decided stays, when it is stored again because the store did not take it.
    return (run.retryInMs ??= this.decidePause(run, attempt, error, job));
  }

  /** @returns -1 for none */
  private decidePause(run: JobRun, attempt: number, error: Error, job: Job): number {
    const cause = run.thrown instanceof Error ? run.thrown : error;
    const policy =
      (job.opts.backoff as { policy?: BackoffOptions } | undefined)?.policy ?? run.handler.backoff;
    try {
      if (run.handler.retryIf?.(cause, attempt) === false) return -1;
      return pauseBeforeRetry(policy, attempt, cause) ?? -1;
    } catch (fault) {
      // A retry policy that throws must not leave the job unsettled.
      this.logger.error(messages.hookFailed(`retry policy of ${run.name}`, fault));
      return pauseBeforeRetry(this.options.backoff, attempt, cause) ?? -1;
    }
  }

  private onCompleted(job: Job, result: unknown): void {
    const run = runOf(job);
    if (run === undefined) return;
    const { elapsedMs: durationMs, skipped } = run;
    this.hooks.settled(run, { status: 'completed', result, durationMs, skipped });
  }

  private onFailed(job: Job | undefined, error: Error): void {
    if (job === undefined) return;
    const run = runOf(job);
    const durationMs = run?.elapsedMs ?? 0;
    const info = run ?? infoOf(job);
    // BullMQ gives a job its end only when no attempt is left.
    if (job.finishedOn !== undefined)
      this.hooks.settled(info, { status: 'failed', error, durationMs });
    else {
      const retryInMs = run?.retryInMs ?? job.delay ?? 0;
      this.hooks.settled(info, { status: 'retrying', error, durationMs, retryInMs });
    }
  }

  private onError(queue: string, error: Error): void {
    if (!this.outage.noticedIn(error)) this.logger.error(messages.workerError(queue, error), error);
  }

  private onLocksRenewed(queue: string, ids: readonly string[]): void {
    void this.cancellations.recheck(queue, ids).catch(() => undefined);
    if (!this.hooks.hearsRenewals) return;
    this.hooks.renewed(ids.flatMap((id) => this.running.find(queue, id) ?? []));
  }

  /** The check that found it is one process's: nobody else hears of it. */
  private async onTakenOver(queue: string, id: string): Promise<void> {
    const job = await this.stored
      .get(queue)
      .getJob(id)
      .catch(() => undefined);
    if (job === undefined) return this.logger.warn(messages.takenOverUnread(id, queue));
    const found = infoOf(job);
    // It may have ended since, and an end counts its attempt.
    const info = job.finishedOn === undefined ? found : { ...found, attempt: job.attemptsMade };
    this.logger.warn(messages.takenOver(info, job.stalledCounter), info);
  }

  private onLocksLost({ name, locks }: JobsWorker, ids: readonly string[]): void {
    for (const id of ids) {
      const run = this.running.find(name, id);
      run?.abortWithin(new LockLostError(run, locks.blockedMs(id)), this.options.abortTimeoutMs);
    }
  }
}

/** For jobs without a run here: those that crashed their workers. */
function infoOf(job: Job): JobInfo {
  return {
    id: job.id!,
    name: job.name,
    queue: job.queueName,
    attempt: job.attemptsMade + 1,
    attempts: job.opts.attempts ?? 1,
    tick: (job.data as StoredPayload | undefined)?.tick,
  };
}
