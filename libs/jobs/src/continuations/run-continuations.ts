import { Injectable } from '@nestjs/common';
import type { JobHook, RunningJob } from '../contracts/index.js';
import type { StoredPayload } from '../payload/index.js';
import { LinkAttachment } from './link-attachment.js';
import { TicketBook } from './ticket-book.js';

/**
 * Sees to it that no ticket outlives the run of its job.
 *
 * The hub puts the job in its queue, then deletes its ticket. If it dies between the two, it finds the ticket when it is
 * run again, and stores the job once more; which does nothing as long as the job is in the store, and would run it a
 * second time when it has ended and was removed.
 * @internal
 */
@Injectable()
export class RunContinuations implements JobHook {
  constructor(
    private readonly tickets: TicketBook,
    private readonly attachment: LinkAttachment,
  ) {}

  onReturned(job: RunningJob): Promise<void> | undefined {
    const payload = job.stored?.payload as StoredPayload | undefined;
    return payload?.continues ? this.forgetTicketOf(job) : undefined;
  }

  private async forgetTicketOf(job: RunningJob): Promise<void> {
    // What its hub would have done next.
    if (await this.tickets.forget(job)) await this.attachment.attachAllOf(job);
  }
}
