import { Injectable } from '@nestjs/common';
import type { IQueueBackend } from 'bullmq';
import type { ClaimDecision, JobHook, RunningJob, SafeBackend } from '../contracts/index.js';
import { QueueRegistry } from '../engines/index.js';

/**
 * While another job has the key, a job that is to run again looks this often whether it still has,
 * in ms.
 */
const LOOK_AGAIN_MS = 5_000;

/**
 * Lets others of its key be stored once a job starts that is unique until then, and keeps a job
 * that failed and is run again, by whatever way, from running beside the one that has its key now.
 * All else about unique jobs is done by BullMQ, in the steps that add and end them; so a crash
 * before this leaves the job unique until it has ended.
 * @internal
 */
@Injectable()
export class UniqueHook implements JobHook {
  constructor(private readonly queues: QueueRegistry) {}

  onClaimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    const { uniqueUntilStarted, deduplication } = job.stored?.options ?? {};
    if (deduplication === undefined) return undefined;
    if (uniqueUntilStarted === true) return this.free(job, deduplication.id);
    // At its first claim it has its key. It may have lost it by a failure, after which somebody let
    // it run again.
    const isAgain = (job.stored?.claims ?? 1) > 1 && deduplication.ttl === undefined;
    return isAgain ? this.hold(job, deduplication.id) : undefined;
  }

  /** BullMQ frees the key at a failure, and gives it back to nobody. */
  private async hold({ queue, id }: RunningJob, key: string): Promise<ClaimDecision> {
    const backend: IQueueBackend = this.queues.get(queue).getBackend();
    const holder = await (backend as SafeBackend).holdDeduplicationId(key, id);
    return holder === id ? { action: 'run' } : { action: 'postpone', delayMs: LOOK_AGAIN_MS };
  }

  private async free({ queue, id }: RunningJob, key: string): Promise<ClaimDecision> {
    await this.queues.get(queue).getBackend().removeDeduplicationKey(key, id);
    return { action: 'run' };
  }
}
