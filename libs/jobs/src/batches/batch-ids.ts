import { Injectable } from '@nestjs/common';
import { QueueRegistry } from '../engines/index.js';
import { DuplicateJobError, type BatchFault } from '../errors/index.js';
import { StoreCalls } from '../enqueueing/index.js';
import type { BatchPart } from './batch-recorder.js';

/** Ids that are looked up at once. */
const PAGE = 500;

/**
 * Finds jobs of a batch whose id, given by the application, was taken by another job.
 * @internal
 */
@Injectable()
export class BatchIds {
  constructor(
    private readonly queues: QueueRegistry,
    private readonly calls: StoreCalls,
  ) {}

  /** @param areStored whether the batch is stored: a job with the nonce of ours is ours then */
  async taken(parts: readonly BatchPart[], areStored: boolean): Promise<BatchFault[]> {
    const given = parts.filter(({ job }) => job.data.nonce !== undefined);
    const faults: BatchFault[] = [];
    for (let start = 0; start < given.length; start += PAGE) {
      const page = given.slice(start, start + PAGE);
      const nonces = await this.calls.read('look up the ids of a batch', () =>
        Promise.all(page.map(({ job }) => this.nonceOf(job))),
      );
      for (const [index, { part, job }] of page.entries()) {
        const nonce = nonces[index];
        const isFree = nonce === undefined || (areStored && nonce === job.data.nonce);
        if (!isFree) faults.push({ part, error: new DuplicateJobError(job) });
      }
    }
    return faults;
  }

  /** @returns null for a job without one; undefined when there is no job */
  private async nonceOf(job: { queue: string; id: string }): Promise<string | null | undefined> {
    const stored = await this.queues.get(job.queue).getJob(job.id);
    return stored && ((stored.data as { nonce?: string } | null)?.nonce ?? null);
  }
}
