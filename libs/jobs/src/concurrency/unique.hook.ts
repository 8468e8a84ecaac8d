import { Inject, Injectable } from '@nestjs/common';
import {
  JOBS_ENGINE,
  type ClaimDecision,
  type Engine,
  type JobHook,
  type RunningJob,
} from '../contracts/index.js';
import { QueueRegistry } from '../engines/index.js';

/** After the store was lost at a claim, the job comes again this soon, in ms. */
const STORE_LOST_PAUSE_MS = 1_000;

/**
 * Lets others of its key be stored once a job starts that is unique until then. All else about unique jobs is done by
 * BullMQ, in the steps that add and end them; so a crash before this leaves the job unique until it has ended.
 * @internal
 */
@Injectable()
export class UniqueHook implements JobHook {
  constructor(
    private readonly queues: QueueRegistry,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  onClaimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    const { uniqueUntilStarted, deduplication } = job.stored?.options ?? {};
    if (uniqueUntilStarted !== true || deduplication === undefined) return undefined;
    return this.free(job, deduplication.id);
  }

  private async free({ queue, id }: RunningJob, key: string): Promise<ClaimDecision> {
    try {
      await this.queues.get(queue).getBackend().removeDeduplicationKey(key, id);
      return { action: 'run' };
    } catch (error) {
      if (!this.engine.isConnectionError(error)) throw error;
      return { action: 'postpone', delayMs: STORE_LOST_PAUSE_MS };
    }
  }
}
