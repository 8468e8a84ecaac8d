import { Inject, Injectable } from '@nestjs/common';
import { QueueRegistry } from '../engines/index.js';
import { LockLostError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { CancellationsService } from './cancellations.service.js';
import { JobHooks } from './job-hooks.js';
import type { JobsWorker } from './jobs-worker.js';
import { infoOf, RunSettlement } from './run-settlement.js';
import { RunningJobs } from './running-jobs.js';
import { StoreOutage } from './store-outage.js';

/**
 * What the workers of this process tell, and who is told: of ends that are stored, locks that are
 * renewed or lost, jobs that were taken over, and what went wrong.
 * @internal
 */
@Injectable()
export class WorkerEvents {
  constructor(
    private readonly settlement: RunSettlement,
    private readonly running: RunningJobs,
    private readonly hooks: JobHooks,
    private readonly cancellations: CancellationsService,
    private readonly outage: StoreOutage,
    private readonly queues: QueueRegistry,
    private readonly logger: JobLogger,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  listenTo(worker: JobsWorker): void {
    const { name: queue } = worker;
    worker.on('completed', (job, result) => this.settlement.completed(job, result));
    worker.on('failed', (job, error) => job && this.settlement.failed(job, error));
    worker.on('error', (error) => this.failed(queue, error));
    worker.on('lockRenewalFailed', (ids) => this.locksLost(worker, ids));
    worker.on('locksRenewed', ({ jobIds }) => this.locksRenewed(queue, jobIds));
    worker.on('stalled', (id) => void this.takenOver(queue, id));
  }

  /** A worker met an error that is no job's. */
  failed(queue: string, error: Error): void {
    if (!this.outage.noticedIn(error)) this.logger.error(messages.workerError(queue, error), error);
  }

  private locksRenewed(queue: string, ids: readonly string[]): void {
    void this.cancellations.recheck(queue, ids).catch(() => undefined);
    if (!this.hooks.hearsRenewals) return;
    this.hooks.renewed(ids.flatMap((id) => this.running.find(queue, id) ?? []));
  }

  private locksLost({ name, locks }: JobsWorker, ids: readonly string[]): void {
    for (const id of ids) {
      const run = this.running.find(name, id);
      run?.abortWithin(new LockLostError(run, locks.blockedMs(id)), this.options.abortTimeoutMs);
    }
  }

  /** The check that found it is one process's: nobody else hears of it. */
  private async takenOver(queue: string, id: string): Promise<void> {
    const job = await this.queues
      .get(queue)
      .getJob(id)
      .catch(() => undefined);
    if (job === undefined) return this.logger.warn(messages.takenOverUnread(id, queue));
    const found = infoOf(job);
    // It may have ended since, and an end counts its attempt.
    const info = job.finishedOn === undefined ? found : { ...found, attempt: job.attemptsMade };
    this.logger.warn(messages.takenOver(info, job.stalledCounter), info);
  }
}
