// #region newsletter
import { Injectable } from '@nestjs/common';
import { Job, JobScheduler, type BatchHandle, type BatchSummary } from 'nestjs-jobs';
import { Outbox } from './outbox.js';

@Injectable()
export class NewsletterService {
  constructor(
    private readonly jobs: JobScheduler,
    private readonly outbox: Outbox,
  ) {}

  /** Stores a job for each reader, all or none, and one for when the last of them has ended. */
  publish(issue: number, readers: readonly string[]): Promise<BatchHandle> {
    return this.jobs.batch(
      (b) => {
        b.enqueueMany(NewsletterService, readers, (s, reader) => s.send(issue, reader));
      },
      {
        name: `issue ${issue}`,
        onFinished: [NewsletterService, (s, batch) => s.report(issue, batch)],
      },
    );
  }

  @Job({ queue: 'mail', attempts: 3 })
  async send(issue: number, reader: string): Promise<string> {
    await this.outbox.deliver(`issue ${issue} for ${reader}`);
    return reader;
  }

  @Job()
  async report(issue: number, { id, completed, total }: BatchSummary): Promise<void> {
    const unreached: string[] = [];
    const batch = await this.jobs.batches.get(id);
    for await (const end of batch!.results()) {
      if (end.state === 'failed') unreached.push(end.error); // else end.result is what send() returned
    }
    await this.outbox.deliver(
      `issue ${issue} sent to ${completed} of ${total} ${unreached.join()}`,
    );
  }
}
// #endregion newsletter
