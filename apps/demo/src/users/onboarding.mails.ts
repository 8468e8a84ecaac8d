import { Injectable, Logger } from '@nestjs/common';
import { Job, JobContext, Jobs } from 'nestjs-jobs';
import { z } from 'zod';
import { Mailer, type SentMail } from '../mail/mailer.js';
import { UsersRepository } from './users.repository.js';

/**
 * The mails of a new user. A handler gets the user's id alone: it reads name and address when it
 * runs, so that a reminder goes to the address that is right by then.
 */
@Injectable()
@Jobs({ queue: 'mail', attempts: 5, backoff: { type: 'exponential', delay: '1s' }, timeout: '30s' })
export class OnboardingMails {
  private readonly logger = new Logger(OnboardingMails.name);

  constructor(
    private readonly users: UsersRepository,
    private readonly mailer: Mailer,
    private readonly job: JobContext,
  ) {}

  /** Idempotent: the mail goes out under the job's id, see {@link Mailer.send}. */
  @Job({ schema: z.uuid() })
  async sendWelcome(userId: string): Promise<SentMail> {
    const user = await this.users.get(userId);
    const sent = await this.mailer.send(this.job.id, {
      to: user.email,
      subject: `Welcome, ${user.name}`,
      text: `Hello ${user.name},\n\nthank you for signing up. Enjoy your stay!\n`,
    });
    this.logger.log(`welcomed user ${user.id}`);
    return sent;
  }

  /** Idempotent: the mail goes out under the job's id, see {@link Mailer.send}. */
  @Job({ schema: z.uuid() })
  async sendReminder(userId: string): Promise<SentMail> {
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
