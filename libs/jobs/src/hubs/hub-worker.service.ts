import { Inject, Injectable } from '@nestjs/common';
import { DelayedError, WaitingError, type Job } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { isOfNewerForm } from '../coordination/index.js';
import {
  JobsWorker,
  Repairs,
  ServerHeartbeat,
  StoreOutage,
  WorkersService,
} from '../execution/index.js';
import { endsWithin, type ManagedService } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { HUBS_QUEUE, JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { HUB_KINDS, type HubKind } from './hub-kind.js';
import { HubQueue } from './hub-queue.js';
import { WITHOUT_END } from './hub-options.js';
import { tellStep } from './hub-steps.js';

/** So many hubs of a process run at once. They wait for the store most of the time. */
const CONCURRENCY = 20;

/**
 * Pause before a hub runs again whose work failed, or whose kind or form only a newer process
 * knows.
 */
const RETRY_PAUSE_MS = 1_000;

/** After a connection error, the worker tries again this soon. */
const RECONNECT_PAUSE_MS = 1_000;

/** A store that is gone must not hold up the exit. */
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Runs released hubs, in every process that runs jobs, whichever queues those are of.
 * @internal
 */
@Injectable()
export class HubWorker implements ManagedService {
  readonly name = 'hubs';
  readonly boundsItsStop = true;
  private readonly kinds: ReadonlyMap<string, HubKind>;
  private worker: JobsWorker | undefined;

  constructor(
    @Inject(HUB_KINDS) kinds: readonly HubKind[],
    private readonly workers: WorkersService,
    private readonly queue: HubQueue,
    private readonly heartbeat: ServerHeartbeat,
    private readonly outage: StoreOutage,
    private readonly repairs: Repairs,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {
    this.kinds = new Map(kinds.map((kind) => [kind.kind, kind]));
  }

  start(): Promise<void> {
    if (this.workers.queues.length === 0) return Promise.resolve();
    const worker = new JobsWorker(
      HUBS_QUEUE,
      (job, token) => this.process(job, token!),
      {
        ...this.engine.bullmqOptions,
        autorun: false,
        concurrency: CONCURRENCY,
        lockDuration: this.options.lockDurationMs,
        stalledInterval: this.options.sweepIntervalMs,
        maxStalledCount: WITHOUT_END,
        runRetryDelay: RECONNECT_PAUSE_MS,
      },
      this.engine.backendFactory,
    );
    worker.stalledChecks = this.repairs.of('stalled hubs');
    worker.on('error', (error) => this.report(error));
    worker.on('completed', ({ id }) => tellStep('hub completed', id!));
    worker.run().catch((error: Error) => this.report(error));
    this.worker = worker;
    this.heartbeat.onForgotten(() => this.queue.restoreMeta());
    return Promise.resolve();
  }

  /** Lets running hubs finish, which takes a few calls of the store. */
  async stop(): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    if (worker === undefined || (await endsWithin(CLOSE_TIMEOUT_MS, worker.close()))) return;
    await endsWithin(CLOSE_TIMEOUT_MS, worker.disconnect());
  }

  /** BullMQ's processor. */
  private async process(hub: Job, token: string): Promise<object | null> {
    tellStep('hub claimed', hub.id!);
    const end = await this.run(hub);
    if (typeof end !== 'number') return end ?? null;
    try {
      await hub.moveToDelayed(Date.now() + end, token);
    } catch {
      // Settle nothing: the lock runs out and the hub comes back.
      throw new WaitingError();
    }
    throw new DelayedError();
  }

  private async run(hub: Job): Promise<number | object | undefined> {
    try {
      const kind = this.kinds.get(hub.name);
      return kind === undefined || isOfNewerForm(hub.data) ? RETRY_PAUSE_MS : await kind.run(hub);
    } catch (error) {
      this.report(error as Error);
      return RETRY_PAUSE_MS;
    }
  }

  private report(error: Error): void {
    // That a lock was lost means that another process runs the hub, which may be run twice.
    if (error.message.startsWith('could not renew lock')) return;
    if (!this.outage.noticedIn(error))
      this.logger.error(messages.workerError(HUBS_QUEUE, error), error);
  }
}
