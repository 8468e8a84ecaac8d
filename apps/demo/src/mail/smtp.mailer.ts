import type { OnApplicationShutdown } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import { type Mail, Mailer, messageIdOf, senderOf, type SentMail } from './mailer.js';
import type { Tenants } from '../tenants/tenants.js';

/** Sends mail through an SMTP server. */
export class SmtpMailer extends Mailer implements OnApplicationShutdown {
  private readonly transport;

  constructor(
    smtpUrl: string,
    private readonly tenants: Tenants,
  ) {
    super();
    this.transport = createTransport(smtpUrl);
  }

  /**
   * As idempotent as SMTP allows: no one can tell whether a server that died accepted the mail, so
   * it is sent again, under the same Message-ID, by which receivers recognise a copy.
   */
  async send(id: string, mail: Mail): Promise<SentMail> {
    const messageId = messageIdOf(id);
    const from = senderOf(this.tenants.current);
    await this.transport.sendMail({ from, messageId, ...mail });
    return { messageId, from: from.address };
  }

  /** The module drains its workers before this, so no job still needs the connection. */
  onApplicationShutdown(): void {
    this.transport.close();
  }
}
