import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { cancelRequests } from '../coordination/index.js';
import { QueueRegistry } from '../engines/index.js';
import { HubQueue } from '../hubs/index.js';
import { JobCanceller, JobLines, StoreCalls } from '../enqueueing/index.js';
import { readBatch, type BatchHubJob } from './stored-batch.js';
import { pendingOf } from './batch-tally.js';

/** Jobs that are cancelled at once. */
const CONCURRENCY = 100;

/**
 * Cancels what has not ended of a batch.
 * @internal
 */
@Injectable()
export class BatchCanceller {
  constructor(
    private readonly hubs: HubQueue,
    private readonly queues: QueueRegistry,
    private readonly jobs: JobCanceller,
    private readonly calls: StoreCalls,
    private readonly lines: JobLines,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /** @returns how many jobs were cancelled */
  async cancel(hub: BatchHubJob, reason: string | undefined): Promise<number> {
    const pending = (await pendingOf(hub)).values();
    let cancelled = 0;
    const work = async (): Promise<void> => {
      for (const key of pending) {
        const count = await this.cancelPart(key, hub, reason);
        cancelled += count;
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    return cancelled;
  }

  private async cancelPart(
    key: string,
    { data }: BatchHubJob,
    reason: string | undefined,
  ): Promise<number> {
    const child = this.hubs.childOf(key);
    if (!child.isHub) return this.cancelChild(child, data.createdAt, reason);
    const nested = await readBatch(this.hubs, child.id);
    return nested === undefined ? 0 : this.cancel(nested, reason);
  }

  /** Cancels one job, whatever it does. @returns false when it has ended */
  cancelJob(job: { queue: string; id: string }, reason: string | undefined): Promise<boolean> {
    return this.jobs.cancel(job, reason);
  }

  private async cancelChild(
    job: { queue: string; id: string },
    enqueuedAt: number,
    reason: string | undefined,
  ): Promise<number> {
    const { queue: name, id } = job;
    const request = { queue: name, id, enqueuedAt, ...(reason !== undefined && { reason }) };
    return this.calls.change('cancel a job of a batch', async () => {
      const queue = this.queues.get(name);
      const state = await queue.getJobState(id);
      if (state === 'waiting' || state === 'delayed' || state === 'prioritized') {
        // First the request, which tells whoever asks for the result what became of the job.
        await cancelRequests.store(this.engine.store, request);
        const stored = await queue.getJob(id);
        if (stored !== undefined && (await queue.remove(id)) === 1) {
          await this.lines.removed(stored);
          return 1;
        }
        await cancelRequests.withdraw(this.engine.store, request);
      }
      return (await this.jobs.cancel(job, reason)) ? 1 : 0;
    });
  }
}
