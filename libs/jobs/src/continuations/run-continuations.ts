import { Inject, Injectable } from '@nestjs/common';
import {
  JOBS_ENGINE,
  type ClaimDecision,
  type Engine,
  type JobHook,
  type RunningJob,
} from '../contracts/index.js';
import { cancelRequests } from '../coordination/index.js';
import type { StoredPayload } from '../payload/index.js';
import { ContinuationBook } from './continuation-book.js';
import { LinkAttachment } from './link-attachment.js';
import { toError, type ContinuationEnd, type StoredContinuation } from './stored-continuation.js';

/**
 * Takes the record of a continuation before its handler is called, where its hub has not deleted it
 * yet.
 *
 * The hub puts the job in its queue, then deletes its record. Whoever cancels or removes the job in
 * between changes the record: it is this step, of which the store lets only one come first, that
 * tells whether the handler is called. And a hub that dies between the two finds the record when it
 * is run again, and would store once more a job that has run, had ended and was removed.
 * @internal
 */
@Injectable()
export class RunContinuations implements JobHook {
  constructor(
    private readonly book: ContinuationBook,
    private readonly attachment: LinkAttachment,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  onClaimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    const payload = job.stored?.payload as StoredPayload | undefined;
    return payload?.continues ? this.take(job) : undefined;
  }

  private async take(job: RunningJob): Promise<ClaimDecision> {
    for (;;) {
      const read = await this.book.read(job);
      if (read === undefined) return { action: 'run' };
      const { stored } = read;
      if (stored.end?.kind === 'cancelled') return this.refuse(job, stored, stored.end);
      // What its hub would have done next.
      await this.attachment.attachAllOf(job);
      if (await this.book.delete(read)) return { action: 'run' };
    }
  }

  /**
   * The record stays for the hub, and for the next claim should this process die: a retry by hand
   * deletes it.
   */
  private async refuse(
    { queue, id, enqueuedAt }: RunningJob,
    { job }: StoredContinuation,
    end: ContinuationEnd,
  ): Promise<ClaimDecision> {
    // It tells those who ask for the result that the job was cancelled.
    await cancelRequests.store(this.engine.store, {
      queue,
      id,
      enqueuedAt: enqueuedAt!,
      ...(end.reason !== undefined && { reason: end.reason }),
    });
    return { action: 'refuse', error: toError(end, job), isRemoved: end.removed === true };
  }
}
