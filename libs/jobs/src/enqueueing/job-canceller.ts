import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import {
  CANCEL_CHANNEL,
  cancelRequests,
  servers,
  type CancelRequest,
} from '../coordination/index.js';
import { damageOf, isFenced } from '../engines/index.js';
import { describeJob } from '../errors/index.js';
import { payloadFault, type StoredPayload } from '../payload/index.js';
import { isCancelledWaiting, isOver } from './cancelled-job.js';
import { JobLines } from './job-lines.js';
import type { JobRef } from './job-ref.js';
import { JobReader } from './job-reader.js';
import { PendingJobs } from './pending-jobs.js';
import { StoreCalls } from './store-calls.js';

/**
 * Cancels jobs wherever they are.
 *
 * The request is stored first, then sent to every process. A job that runs has its signal aborted
 * by the process that runs it: at once when the message arrives, else when that process next renews
 * the job's lock and reads the stored request. A job that has not started is flagged and made due,
 * so that the next worker fails it without calling its handler. From then on it has neither its
 * unique key nor its place in a line.
 * @internal
 */
@Injectable()
export class JobCanceller {
  constructor(
    private readonly reader: JobReader,
    private readonly calls: StoreCalls,
    private readonly pending: PendingJobs,
    private readonly lines: JobLines,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /**
   * @returns false when there was nothing to cancel: the job has finished or is not in the store
   */
  async cancel(ref: JobRef, reason: string | undefined): Promise<boolean> {
    const job = await this.reader.find(ref);
    return job === undefined ? this.cancelPending(ref, reason) : this.cancelStored(job, reason);
  }

  private cancelStored(job: Job, reason: string | undefined): Promise<boolean> | false {
    if (job.finishedOn !== undefined) return false;
    const location = { queue: job.queueName, id: job.id!, name: job.name };
    return this.calls.change(`cancel ${describeJob(location)}`, () => this.request(job, reason));
  }

  /**
   * One that waits for others is in no queue, and never will be; unless it is put there at the same
   * moment.
   */
  private async cancelPending(ref: JobRef, reason: string | undefined): Promise<boolean> {
    const waiting = await this.reader.findPending(ref);
    const isEnded = waiting !== undefined && (await this.pending.cancel(waiting.job, reason));
    const job = await this.reader.find(waiting?.job ?? ref);
    const isCancelled = job !== undefined && (await this.cancelStored(job, reason));
    return isEnded || isCancelled;
  }

  private async request(job: Job, reason: string | undefined): Promise<boolean> {
    const asked = {
      queue: job.queueName,
      id: job.id!,
      enqueuedAt: job.timestamp,
      ...(reason === undefined ? undefined : { reason }),
    };
    const request = await cancelRequests.store(this.engine.store, asked);
    if (isOver(await this.reader.state(asked))) {
      // The job may have ended by an earlier request, which is not ours to take back.
      if (request.again) return false;
      // Whoever renewed the job's lock may have read ours before we looked.
      if (await this.hasEndedBy(request)) return true;
      await cancelRequests.withdraw(this.engine.store, asked);
      return false;
    }
    // From here on, a job that ends may have ended by this request, so the request stays.
    await this.engine.store.publish(CANCEL_CHANNEL, JSON.stringify(request));
    const state = await this.reader.state(asked);
    if (state !== 'active' && !isOver(state)) await this.flag(job, request);
    return true;
  }

  private async hasEndedBy(request: CancelRequest): Promise<boolean> {
    const job = await this.reader.find(request);
    if (job === undefined) return false;
    const location = { queue: job.queueName, id: job.id!, name: job.name };
    return cancelRequests.endedBy(job.failedReason, [request], location) !== undefined;
  }

  private async flag(job: Job, request: CancelRequest): Promise<void> {
    const { reason } = request;
    // What cannot be read is left as it is, for whoever repairs it; a worker fails it anyway.
    if (damageOf(job) === undefined && payloadFault(job.data) === undefined) {
      const data = job.data as StoredPayload;
      const cancelled = reason === undefined ? {} : { reason };
      await job.updateData({ ...data, cancelled }).catch((error: unknown) => {
        // It is gone, and the stored request tells why.
        if (!isFenced(error)) throw error;
      });
    }
    if (!(await this.hasWorkers(job.queueName))) {
      // Nobody would fail it. The stored request stays behind as the tombstone that result() reads.
      await job.remove().then(
        () => this.lines.removed(job),
        () => undefined,
      );
      return;
    }
    const neverRuns = isCancelledWaiting(job, await this.reader.state(request));
    if (neverRuns) await giveUniqueKey(job);
    // A delayed job would keep its caller waiting for days; losing the race to its due time is
    // fine.
    if (await job.isDelayed()) await job.promote().catch(() => undefined);
    // Last: without a place, nobody but its caller would make it due.
    if (neverRuns) await this.lines.removed(job);
  }

  private async hasWorkers(queue: string): Promise<boolean> {
    const live = await servers.live(this.engine.store);
    return live.some((server) => server.queues.includes(queue));
  }
}

/** One for a time has it for that time, whatever becomes of the job. */
async function giveUniqueKey(job: Job): Promise<void> {
  const { deduplication } = job.opts;
  if (deduplication !== undefined && deduplication.ttl === undefined)
    await job.removeDeduplicationKey();
}
