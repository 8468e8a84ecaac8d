import { Injectable } from '@nestjs/common';
import type { JobHook, RunningJob } from '../contracts/index.js';
import type { StoredPayload } from '../payload/index.js';
import { ContinuationBook } from './continuation-book.js';
import { LinkAttachment } from './link-attachment.js';

/**
 * Sees to it that no record of a continuation outlives the run of its job.
 *
 * The hub puts the job in its queue, then deletes its record. If it dies between the two, it finds the record when it is
 * run again, and stores the job once more; which does nothing as long as the job is in the store, and would run it a
 * second time when it has ended and was removed.
 * @internal
 */
@Injectable()
export class RunContinuations implements JobHook {
  constructor(
    private readonly book: ContinuationBook,
    private readonly attachment: LinkAttachment,
  ) {}

  onReturned(job: RunningJob): Promise<void> | undefined {
    const payload = job.stored?.payload as StoredPayload | undefined;
    return payload?.continues ? this.forgetStored(job) : undefined;
  }

  private async forgetStored(job: RunningJob): Promise<void> {
    // What its hub would have done next.
    if (await this.book.forget(job)) await this.attachment.attachAllOf(job);
  }
}
