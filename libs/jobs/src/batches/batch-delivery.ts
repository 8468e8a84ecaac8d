import { Injectable } from '@nestjs/common';
import type { RepairRound } from '../execution/index.js';
import { HubQueue, tellStep, type HubKind } from '../hubs/index.js';
import { JobWriter } from '../enqueueing/index.js';
import type { BatchEnd, BatchProgress, BatchSummary } from './batch.js';
import { completeCall } from './batch-call.js';
import { BATCH_KIND, toStoredSummary, type BatchEvent, type BatchHubJob } from './stored-batch.js';
import { tallyOf } from './batch-tally.js';
import { RunningBatches } from './running-batches.js';

/** Pause before a hub looks again that was released although a job of it has not ended. */
const EARLY_PAUSE_MS = 2_000;

/**
 * Ends batches: BullMQ releases a batch's hub when the last job of it has settled, and the hub
 * enqueues the continuations. A crash before the hub is completed repeats that, under the same ids.
 * @internal
 */
@Injectable()
export class BatchDelivery implements HubKind {
  readonly kind = BATCH_KIND;

  constructor(
    private readonly hubs: HubQueue,
    private readonly writer: JobWriter,
    private readonly running: RunningBatches,
  ) {}

  async run(hub: BatchHubJob): Promise<number | object> {
    const tally = await tallyOf(hub, this.hubs);
    // A failed job is being retried, or somebody moved the hub by hand.
    if (tally.pending > 0) return EARLY_PAUSE_MS;
    const summary = summaryOf(hub, tally);
    for (const event of eventsOf(summary.state)) {
      const call = hub.data.calls[event];
      if (call === undefined) continue;
      await this.writer.write(completeCall(call, summary));
      tellStep('batch continued', hub.id!);
    }
    await this.running.forget(hub.id!);
    return toStoredSummary(summary);
  }

  sweep(shard: string, round: RepairRound): Promise<void> {
    return this.running.repair(shard, round);
  }
}

function eventsOf(state: BatchEnd): readonly BatchEvent[] {
  return [state === 'completed' ? 'onCompleted' : 'onFailed', 'onFinished'];
}

function summaryOf(hub: BatchHubJob, tally: BatchProgress): BatchSummary {
  const { pending: _, ...counts } = tally;
  const failed: BatchEnd = tally.failed > 0 ? 'failed' : 'cancelled';
  return {
    id: hub.id!,
    name: hub.data.name,
    state: tally.completed === tally.total ? 'completed' : failed,
    ...counts,
    createdAt: new Date(hub.data.createdAt),
    finishedAt: new Date(),
  };
}
