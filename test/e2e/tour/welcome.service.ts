import { Injectable } from '@nestjs/common';
import { Job, JobContext } from 'nestjs-jobs';
import { Outbox } from './outbox.js';
import { Users } from './users.js';

/** The same work, guarded by a column, and in steps. */
@Injectable()
export class WelcomeService {
  constructor(
    private readonly users: Users,
    private readonly outbox: Outbox,
    private readonly context: JobContext,
  ) {}

  // #region guard
  @Job()
  async welcomeGuarded(userId: string): Promise<void> {
    const user = await this.users.find(userId);
    if (user.welcomeEmailSentAt) return;
    await this.outbox.deliver(`welcome ${userId}`);
    await this.users.update(userId, { welcomeEmailSentAt: new Date() });
  }
  // #endregion guard

  // #region once
  @Job()
  async welcome(userId: string): Promise<string> {
    await this.context.once('mail', () => this.outbox.deliver(`welcome ${userId}`));
    const code = await this.context.once('voucher', () => this.users.createVoucher(userId));
    await this.outbox.deliver(`voucher ${code}`); // if this throws, the next attempt starts here
    return code;
  }
  // #endregion once
}
