import type { OnApplicationShutdown } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { type Mail, Mailer, messageIdOf, SENDER, type SentMail } from './mailer.js';

/** Sends mail through an SMTP server. */
export class SmtpMailer extends Mailer implements OnApplicationShutdown {
  private readonly transport;

  constructor(smtpUrl: string) {
    super();
    this.transport = createTransport(smtpUrl, { from: SENDER });
  }

  /**
   * As idempotent as SMTP allows: no one can tell whether a server that died accepted the mail, so it
   * is sent again, under the same Message-ID, by which receivers recognise a copy.
   */
  async send(id: string, mail: Mail): Promise<SentMail> {
    const messageId = messageIdOf(id);
    await this.transport.sendMail({ messageId, ...mail });
    return { messageId };
  }

  /** The module drains its workers before this, so no job still needs the connection. */
  onApplicationShutdown(): void {
    this.transport.close();
  }
}
