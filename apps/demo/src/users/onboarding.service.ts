import { Injectable, Logger } from '@nestjs/common';
import { Job, JobContext, Jobs } from 'nestjs-jobs';
import { z } from 'zod';
import { Mailer, type SentMail } from '../mail/mailer.js';
import { SupplierClient } from '../supplier/supplier.client.js';
import { UsersRepository } from './users.repository.js';
import { VouchersRepository } from './vouchers.repository.js';

/**
 * What a new user gets. A handler is given the user's id alone: it reads name and address when it
 * runs, so that a reminder goes to the address that is right by then.
 */
@Injectable()
@Jobs({ queue: 'mail', attempts: 5, backoff: { type: 'exponential', delay: '1s' }, timeout: '30s' })
export class Onboarding {
  private readonly logger = new Logger(Onboarding.name);

  constructor(
    private readonly users: UsersRepository,
    private readonly vouchers: VouchersRepository,
    private readonly supplier: SupplierClient,
    private readonly mailer: Mailer,
    private readonly job: JobContext,
  ) {}

  /**
   * A voucher, a mail with it, and a sample from the supplier. Each step is done once: when the
   * supplier refuses, the next attempt gets the voucher of the first one, and writes no second
   * mail.
   */
  @Job({ schema: z.uuid(), backoff: { type: 'exponential', delay: '300ms' } })
  async welcome(userId: string): Promise<{ voucher: string; mail: SentMail }> {
    const user = await this.users.get(userId);
    const voucher = await this.job.once('voucher', () => this.vouchers.create(userId));
    const mail = await this.job.once('mail', () =>
      this.mailer.send(this.job.id, {
        to: user.email,
        subject: `Welcome, ${user.name}`,
        text: `Hello ${user.name},\n\nthank you for signing up. Your voucher is ${voucher}.\n`,
      }),
    );
    await this.job.once('sample', () => this.supplier.sendSample(userId, this.job.signal));
    this.logger.log(`welcomed user ${user.id}`);
    return { voucher, mail };
  }

  /** Idempotent: the mail goes out under the job's id, see {@link Mailer.send}. */
  @Job({ schema: z.uuid() })
  async remind(userId: string): Promise<SentMail> {
    const user = await this.users.get(userId);
    const sent = await this.mailer.send(this.job.id, {
      to: user.email,
      subject: `${user.name}, your first order is waiting`,
      text: `Hello ${user.name},\n\nyou signed up a while ago. Have you found what you need?\n`,
    });
    this.logger.log(`reminded user ${user.id}`);
    return sent;
  }
}
