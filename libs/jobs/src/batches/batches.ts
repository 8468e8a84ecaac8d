import { Injectable } from '@nestjs/common';
import { PublicService } from '../contracts/index.js';
import { HandlerRegistry } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import { BatchUncertainError, InvalidBatchError, type BatchFault } from '../errors/index.js';
import { HubQueue, type HubChild, type HubDraft } from '../hubs/index.js';
import { isReadableId, JobPreparer, JobReader, StoreCalls } from '../enqueueing/index.js';
import type { BatchBuilder, BatchHandle, BatchOptions } from './batch.js';
import { BatchCanceller } from './batch-canceller.js';
import { BATCH_KIND, readBatch, type StoredBatch } from './stored-batch.js';
import { BatchIds } from './batch-ids.js';
import { BatchRecorder } from './batch-recorder.js';
import { RunningBatches } from './running-batches.js';
import { StoredBatchHandle } from './batch-handle.js';

/** How long a batch tells of itself after its end. */
const KEPT_FOR_MS = 7 * 86_400_000;

/** A batch ready to be stored. */
interface BatchDraft extends HubDraft {
  readonly data: StoredBatch;
  readonly children: readonly HubChild[];
}

/**
 * Batches of jobs; `JobScheduler.batches`.
 * @publicApi
 */
@Injectable()
export class Batches extends PublicService {
  /** @internal */
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly preparer: JobPreparer,
    private readonly reader: JobReader,
    private readonly queues: QueueRegistry,
    private readonly hubs: HubQueue,
    private readonly calls: StoreCalls,
    private readonly canceller: BatchCanceller,
    private readonly ids: BatchIds,
    private readonly running: RunningBatches,
  ) {
    super();
  }

  /**
   * Stores many jobs together, all or none of them, with continuations for when all of them have
   * ended. (All of it is written at once: for more than some 20,000 jobs, use several batches.)
   * @param build adds the jobs; may be asynchronous
   * @returns the batch's handle, once the store has confirmed all jobs
   * @throws InvalidBatchError with the faults of all jobs, in which case nothing was stored;
   *   BatchUncertainError
   */
  async create<C extends object, F extends object, E extends object>(
    build: (batch: BatchBuilder) => unknown,
    options: BatchOptions<C, F, E> = {},
  ): Promise<BatchHandle> {
    const batch = this.recorder(options);
    await batch.record(build);
    refuse(batch, batch.faults);
    refuse(batch, await this.ids.taken(batch.allJobs, false));
    await this.store(draftOf(batch));
    const taken = await this.takenMeanwhile(batch);
    if (taken.length > 0) await this.undo(batch, taken);
    refuse(batch, taken);
    return this.handleOf(batch.id, batch.name);
  }

  /** Finds a batch. @returns undefined when it is not in the store */
  async get(id: string): Promise<BatchHandle | undefined> {
    if (!isReadableId(id)) return undefined;
    const hub = await this.calls.read(`read the batch ${id}`, () => readBatch(this.hubs, id));
    return hub?.name === BATCH_KIND ? this.handleOf(id, hub.data.name) : undefined;
  }

  private recorder<C extends object, F extends object, E extends object>(
    options: BatchOptions<C, F, E>,
  ): BatchRecorder {
    const { registry, preparer, reader } = this;
    const handleOf = (id: string, name: string | undefined) => this.handleOf(id, name);
    const shared = { createdAt: Date.now(), takenIds: new Set<string>() };
    return new BatchRecorder(options, { registry, preparer, reader, handleOf, ...shared });
  }

  private handleOf(id: string, name: string | undefined): BatchHandle {
    const { hubs, calls, canceller } = this;
    return new StoredBatchHandle(id, name, { hubs, calls, canceller });
  }

  private async store(draft: BatchDraft): Promise<void> {
    const { id, data } = draft;
    await this.calls.change(`store the batch ${id}`, () =>
      this.running.announce(id, data.createdAt),
    );
    try {
      if (draft.children.length === 0) await this.hubs.addAlone(draft);
      else await this.hubs.addWith(draft, draft.children);
    } catch (error) {
      if (!this.calls.isUnavailable(error)) throw error;
      // Stored as a whole or not at all, so the hub tells of all of it.
      const isStored = await this.get(id).then(
        (batch) => batch !== undefined,
        () => undefined,
      );
      if (isStored === false && this.calls.isRefusal(error)) throw error;
      if (!isStored) throw new BatchUncertainError(id, data.name, { cause: error });
    }
  }

  private async takenMeanwhile(batch: BatchRecorder): Promise<readonly BatchFault[]> {
    try {
      return await this.ids.taken(batch.allJobs, true);
    } catch (error) {
      if (!this.calls.isUnavailable(error)) throw error;
      throw new BatchUncertainError(batch.id, batch.name, { cause: error });
    }
  }

  /**
   * An id was taken by somebody else in the very moment. The hubs go first, so that nothing is
   * continued; a job that was started meanwhile is cancelled.
   */
  private async undo(batch: BatchRecorder, faults: readonly BatchFault[]): Promise<void> {
    const hubs = (of: BatchRecorder): string[] => [of.id, ...of.nested.flatMap(hubs)];
    for (const id of hubs(batch)) await this.hubs.remove(id);
    await this.running.forget(batch.id);
    const taken = new Set(faults.map(({ part }) => part));
    for (const { part, job } of batch.allJobs) {
      if (taken.has(part)) continue;
      const isRemoved = (await this.queues.get(job.queue).remove(job.id)) === 1;
      if (!isRemoved) await this.canceller.cancelJob(job, 'its batch was refused');
    }
  }
}

function refuse(batch: BatchRecorder, faults: readonly BatchFault[]): void {
  if (faults.length > 0) throw new InvalidBatchError(batch.name, faults);
}

function draftOf(batch: BatchRecorder): BatchDraft {
  const { id, name, createdAt, jobs, nested, calls } = batch;
  return {
    kind: BATCH_KIND,
    id,
    data: {
      ...(name !== undefined && { name }),
      createdAt,
      total: jobs.length + nested.length,
      nested: nested.length,
      calls,
    },
    keptForMs: KEPT_FOR_MS,
    children: [...jobs, ...nested.map(draftOf)],
  };
}
