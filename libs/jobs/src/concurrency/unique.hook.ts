import { Injectable } from '@nestjs/common';
import type { ClaimDecision, JobHook, RunningJob } from '../contracts/index.js';
import { QueueRegistry } from '../engines/index.js';

/**
 * Lets others of its key be stored once a job starts that is unique until then. All else about unique jobs is done by
 * BullMQ, in the steps that add and end them; so a crash before this leaves the job unique until it has ended.
 * @internal
 */
@Injectable()
export class UniqueHook implements JobHook {
  constructor(private readonly queues: QueueRegistry) {}

  onClaimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    const { uniqueUntilStarted, deduplication } = job.stored?.options ?? {};
    if (uniqueUntilStarted !== true || deduplication === undefined) return undefined;
    return this.free(job, deduplication.id);
  }

  private async free({ queue, id }: RunningJob, key: string): Promise<ClaimDecision> {
    await this.queues.get(queue).getBackend().removeDeduplicationKey(key, id);
    return { action: 'run' };
  }
}
