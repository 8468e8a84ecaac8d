import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import type { Tenants } from '../tenants/tenants.js';
import { writeFileAtomically } from '../storage/atomic-file.js';
import { type Mail, Mailer, messageIdOf, senderOf, type SentMail } from './mailer.js';

/** Writes each mail as a `.eml` file, which mail programs can open, instead of sending it. */
export class FileMailer extends Mailer {
  private readonly composer = createTransport({ streamTransport: true, buffer: true });

  constructor(
    private readonly dataFolder: string,
    private readonly tenants: Tenants,
  ) {
    super();
  }

  /** Idempotent: the file is named after the job, so a second run replaces it and adds none. */
  async send(id: string, mail: Mail): Promise<SentMail> {
    const messageId = messageIdOf(id);
    const from = senderOf(this.tenants.current);
    const { message } = await this.composer.sendMail({ from, messageId, ...mail });
    const file = join('mail', `${id}.eml`);
    await writeFileAtomically(join(this.dataFolder, file), message as Buffer);
    return { messageId, from: from.address, file };
  }
}
