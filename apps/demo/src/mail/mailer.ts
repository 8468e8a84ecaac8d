/** A mail to be sent. */
export interface Mail {
  to: string;
  subject: string;
  text: string;
  attachments?: { filename: string; path: string }[];
}

/** Where a mail went. */
export interface SentMail {
  messageId: string;
  /** The address of the tenant that sent it. */
  from: string;
  /** Its file below the data folder, when mail is written to files. */
  file?: string;
}

/** Sends mail; {@link MailModule} picks the implementation. */
export abstract class Mailer {
  /**
   * @param id the id of the job that sends it. The same id stands for the same mail, so that a job
   * that runs twice does not reach a customer twice.
   */
  abstract send(id: string, mail: Mail): Promise<SentMail>;
}

/** The sender of the mail of a tenant. */
export function senderOf(tenant: string): { name: string; address: string } {
  return { name: `Demo shop (${tenant})`, address: `${tenant}@demo.example` };
}

/** A Message-ID that is the same each time the job runs. */
export function messageIdOf(id: string): string {
  return `<${id}@demo.example>`;
}
