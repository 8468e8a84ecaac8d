import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { HandlerRegistry, QueueRetention } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import { ShutdownError } from '../errors/index.js';
import { endsWithin, type ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import type { StoredPayload } from '../payload/index.js';
import { monotonicNow } from '../timers/index.js';
import { ClaimYield } from './claim-yield.js';
import { createWorker } from './create-worker.js';
import { ExcessRemoval, withoutCounts } from './excess-removal.js';
import { JobExecutor } from './job-executor.js';
import type { JobsWorker } from './jobs-worker.js';
import { Repairs } from './repairs.service.js';
import { RunSettlement } from './run-settlement.js';
import { RunningJobs } from './running-jobs.js';
import { WorkerEvents } from './worker-events.js';

/** After the last abort, closing a worker may take this long before its connection is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Giving jobs back and closing takes a part of `abortTimeout`, so that the process is gone when
 * that is over, in ms.
 */
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
    private readonly settlement: RunSettlement,
    private readonly events: WorkerEvents,
    private readonly repairs: Repairs,
    private readonly yielding: ClaimYield,
    private readonly stored: QueueRegistry,
    private readonly logger: JobLogger,
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
      worker.run().catch((error: Error) => this.events.failed(worker.name, error));
    this.logger.info(messages.workersStarted(this.queues));
  }

  /**
   * Claims no more at once; lets running jobs finish for `shutdownTimeout`; aborts their signals
   * and waits `abortTimeout`; gives back what still runs.
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
      this.settlement.pauseAfter(attempt, error, job);
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
    this.events.listenTo(worker);
    return worker;
  }

  /**
   * A producer may not know all handlers of a queue; a worker does. So it says what the queue
   * keeps.
   */
  private async trim(worker: JobsWorker): Promise<void> {
    const kept = this.retention.of(worker.name);
    worker.keepOnly(withoutCounts(kept));
    const repair = this.repairs.of(`retention of queue "${worker.name}"`);
    const queue = this.stored.get(worker.name);
    await new ExcessRemoval(queue, repair, this.ending.signal).reduceTo(kept);
    worker.keepOnly(kept);
  }
}
