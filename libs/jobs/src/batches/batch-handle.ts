import { inspect } from 'node:util';
import { BatchNotFoundError, ResultTimeoutError } from '../errors/index.js';
import type { HubQueue } from '../hubs/index.js';
import { readWaitOptions, type StoreCalls, type WaitOptions } from '../enqueueing/index.js';
import type { BatchEnd, BatchHandle, BatchProgress, BatchResult, BatchSummary } from './batch.js';
import { monotonicNow, pause } from '../timers/index.js';
import type { BatchCanceller } from './batch-canceller.js';
import { fromStoredSummary, readBatch, type BatchHubJob } from './stored-batch.js';
import { resultsOf, tallyOf } from './batch-tally.js';

const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 500;

/** What a handle reads with. @internal */
export interface BatchParts {
  readonly hubs: HubQueue;
  readonly calls: StoreCalls;
  readonly canceller: BatchCanceller;
}

/**
 * The handle of a batch.
 * @internal
 */
export class StoredBatchHandle implements BatchHandle {
  readonly #parts: BatchParts;

  constructor(
    readonly id: string,
    readonly name: string | undefined,
    parts: BatchParts,
  ) {
    this.#parts = parts;
  }

  async state(): Promise<'running' | BatchEnd | 'removed'> {
    const hub = await this.read();
    if (hub === undefined) return 'removed';
    return summaryIn(hub)?.state ?? 'running';
  }

  async progress(): Promise<BatchProgress> {
    const hub = await this.get();
    const summary = summaryIn(hub);
    if (summary === undefined)
      return this.#parts.calls.read(this.what, () => tallyOf(hub, this.#parts.hubs));
    const { total, completed, failed, cancelled } = summary;
    return { total, completed, failed, cancelled, pending: 0 };
  }

  async finished(options: WaitOptions = {}): Promise<BatchSummary> {
    const { timeoutMs, signal } = readWaitOptions('finished()', options);
    const deadline = monotonicNow() + timeoutMs;
    for (let wait = FIRST_POLL_MS; ; wait = Math.min(wait * 1.5, LONGEST_POLL_MS)) {
      signal?.throwIfAborted();
      const summary = await this.summaryOrNothing();
      if (summary !== undefined) return summary;
      const left = deadline - monotonicNow();
      if (left <= 0)
        throw new ResultTimeoutError({ name: this.name ?? 'batch', id: this.id }, timeoutMs);
      await pause(Math.min(wait, left), { signal });
    }
  }

  async *results(): AsyncIterableIterator<BatchResult> {
    yield* resultsOf(await this.get(), this.#parts.hubs);
  }

  async cancel(reason?: string): Promise<number> {
    return this.#parts.canceller.cancel(await this.get(), reason);
  }

  /** For logs: `Batch(0199…)`. */
  toString(): string {
    return `Batch(${this.id})`;
  }

  toJSON(): { id: string; name?: string } {
    const { id, name } = this;
    return { id, ...(name !== undefined && { name }) };
  }

  [inspect.custom](): string {
    return this.toString();
  }

  /** A store that is lost for a while is no end: the deadline of the caller decides. */
  private async summaryOrNothing(): Promise<BatchSummary | undefined> {
    try {
      return summaryIn(await this.get());
    } catch (error) {
      if (this.#parts.calls.isUnavailable(error)) return undefined;
      throw error;
    }
  }

  private async get(): Promise<BatchHubJob> {
    const hub = await this.read();
    if (hub === undefined) throw new BatchNotFoundError(this.id);
    return hub;
  }

  private read(): Promise<BatchHubJob | undefined> {
    return this.#parts.calls.read(this.what, () => readBatch(this.#parts.hubs, this.id));
  }

  private get what(): string {
    return `read the batch ${this.id}`;
  }
}

function summaryIn(hub: BatchHubJob): BatchSummary | undefined {
  return hub.finishedOn === undefined ? undefined : fromStoredSummary(hub.returnvalue);
}
