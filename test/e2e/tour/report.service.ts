// #region recurring
import { Injectable } from '@nestjs/common';
import { Cron, JobContext, Recurring } from 'nestjs-jobs';
import { Outbox } from './outbox.js';

@Injectable()
export class ReportService {
  constructor(
    private readonly outbox: Outbox,
    private readonly context: JobContext,
  ) {}

  @Recurring('0 0 * * *', { id: 'nightly-report', timeZone: 'Asia/Kolkata', attempts: 5 })
  async generate(): Promise<string> {
    const { due, missed, previous } = this.context.tick!; // missed: 0 for a tick in time
    const day = due.toISOString().slice(0, 10);
    await this.outbox.deliver(`report of ${day}, after ${previous?.jobId ?? 'none'}`);
    return missed > 1 ? `${missed} nights in one` : day;
  }

  @Recurring({ every: '10 min' }, { id: 'reminders', jitter: '30s', timeout: '5 min' })
  @Recurring(Cron.weekly('MON', 9), { id: 'monday-reminders', timeZone: 'Europe/Berlin' })
  async remind(audience = 'everyone'): Promise<void> {
    await this.outbox.deliver(`reminder to ${audience}`, { signal: this.context.signal });
  }
}
// #endregion recurring
