import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { QueueRegistry } from '../engines/index.js';
import type { RepairRound } from '../execution/index.js';
import { HubQueue } from '../hubs/index.js';
import { readBatch, type BatchHubJob } from './stored-batch.js';
import { pendingOf } from './batch-tally.js';

/** A batch with more jobs to come is not stuck yet: those that hang are left over at its end. */
const FEW = 200;

/**
 * A batch that is announced and was not stored after this long never will be: its process was
 * killed in between. Were it stored all the same, it would be looked after by nobody, which matters
 * only to a flow that was sent twice.
 */
const GIVEN_UP_MS = 60_000;

/**
 * The batches that have not ended, so that those can be found which nothing would end any more.
 *
 * A flow that is sent twice, since the connection broke before its answer came, makes a child
 * pending once more that has failed meanwhile. Nothing would ever release the hub.
 * @internal
 */
@Injectable()
export class RunningBatches {
  constructor(
    private readonly hubs: HubQueue,
    private readonly queues: QueueRegistry,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /** To be called before a batch is stored. */
  async announce(id: string, createdAt: number): Promise<void> {
    await this.engine.store.set(keyOf(id), String(createdAt));
  }

  async forget(id: string): Promise<void> {
    await this.engine.store.delete(keyOf(id));
  }

  /** @param shard a hexadecimal digit: of all batches, those whose id ends with it */
  async repair(shard: string, round: RepairRound): Promise<void> {
    const entries = await this.engine.store.entries(prefixOf(shard));
    await round.each(
      entries,
      ([key]) => key,
      ([key, createdAt]) => this.repairOne(key.slice(prefixOf(shard).length), Number(createdAt)),
    );
  }

  private async repairOne(id: string, createdAt: number): Promise<void> {
    const hub = await readBatch(this.hubs, id);
    if (hub !== undefined && hub.finishedOn === undefined) await this.release(hub);
    else if (hub !== undefined || !((await this.engine.store.now()) - createdAt <= GIVEN_UP_MS))
      await this.forget(id);
  }

  private async release(hub: BatchHubJob): Promise<void> {
    const { unprocessed = 0 } = await hub.getDependenciesCount({ unprocessed: true });
    if (unprocessed === 0 || unprocessed > FEW) return;
    const failed: string[] = [];
    for (const key of await pendingOf(hub)) {
      const { id, isHub } = this.hubs.childOf(key);
      const nested = isHub ? await readBatch(this.hubs, id) : undefined;
      if (nested !== undefined) await this.release(nested);
      else if (await this.hasFailed(key)) failed.push(key);
    }
    if (failed.length === 0) return;
    // What has failed in between is not pending now; what is being retried has not failed now.
    const pending = new Set(await pendingOf(hub));
    for (const key of failed) {
      if (pending.has(key) && (await this.hasFailed(key)))
        await this.hubs.release(hub.id!, this.hubs.childOf(key));
    }
  }

  private async hasFailed(key: string): Promise<boolean> {
    const { queue, id } = this.hubs.childOf(key);
    return (await this.queues.get(queue).getJobState(id)) === 'failed';
  }
}

function prefixOf(shard: string): string {
  return `batch:${shard}:`;
}

function keyOf(id: string): string {
  return `${prefixOf(id.slice(-1))}${id}`;
}
