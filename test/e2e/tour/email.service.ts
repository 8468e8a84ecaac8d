// #region handlers
import { Injectable } from '@nestjs/common';
import { Job, JobContext } from 'nestjs-jobs';
import { Outbox } from './outbox.js';

@Injectable()
export class EmailService {
  constructor(
    private readonly outbox: Outbox,
    private readonly context: JobContext,
  ) {}

  @Job({ queue: 'emails', attempts: 5 })
  async sendWelcome(userId: string): Promise<string> {
    await this.outbox.deliver(`welcome ${userId}`, { signal: this.context.signal });
    return `welcomed ${userId}`;
  }

  @Job({ queue: 'emails', timeout: '1 min', backoff: { type: 'exponential', delay: '10s' } })
  async sendDigest(userIds: string[]): Promise<void> {
    for (const [index, userId] of userIds.entries()) {
      this.context.signal.throwIfAborted();
      await this.outbox.deliver(`digest ${userId}`);
      await this.context.progress(Math.round(((index + 1) / userIds.length) * 100));
    }
  }
}
// #endregion handlers
