import { join } from 'node:path';
import { createTransport } from 'nodemailer';
import { writeFileAtomically } from '../storage/atomic-file.js';
import { type Mail, Mailer, messageIdOf, SENDER, type SentMail } from './mailer.js';

/** Writes each mail as a `.eml` file, which mail programs can open, instead of sending it. */
export class FileMailer extends Mailer {
  private readonly composer = createTransport({ streamTransport: true, buffer: true });

  constructor(private readonly dataFolder: string) {
    super();
  }

  /** Idempotent: the file is named after the job, so a second run replaces it and adds none. */
  async send(id: string, mail: Mail): Promise<SentMail> {
    const messageId = messageIdOf(id);
    const { message } = await this.composer.sendMail({ from: SENDER, messageId, ...mail });
    const file = join('mail', `${id}.eml`);
    await writeFileAtomically(join(this.dataFolder, file), message as Buffer);
    return { messageId, file };
  }
}
