import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import PostalMime, { type Email } from 'postal-mime';
import type { SentMail } from '../mail/mailer.js';
import { type CheckList, expectEqual, expectThat } from './check-list.js';
import type { Seen } from './scenario.js';

/** What arrived on disk as mail. */
export async function checkMail(seen: Seen, dataFolder: string, list: CheckList): Promise<void> {
  const { user, order, jobs } = seen;
  const expected = [
    ['welcome', `Welcome, ${user.name}`],
    ['reminder', `${user.name}, your first order is waiting`],
    ['invoice mail', `Your invoice for order ${order.id}`],
  ] as const;
  for (const [what, subject] of expected) {
    await list.check(`the ${what.replace(' mail', '')} mail went to ${user.email}`, async () => {
      const mail = await read(join(dataFolder, fileOf(jobs[what].result)));
      expectEqual('subject', mail.subject, subject);
      expectEqual('recipient', recipientOf(mail), user.email);
    });
  }
  await list.check('the invoice mail has the PDF attached', async () => {
    const { attachments } = await read(join(dataFolder, fileOf(jobs['invoice mail'].result)));
    const pdf = await readFile(join(dataFolder, 'invoices', `${order.id}.pdf`));
    const [attached] = attachments.map(({ content }) => Buffer.from(content as ArrayBuffer));
    expectThat(
      attached?.equals(pdf) === true,
      'expected the bytes of the invoice in the mail, found others',
    );
  });
  await list.check('no mail was written twice', async () => {
    const ids: (string | undefined)[] = [];
    for await (const path of glob(join(dataFolder, 'mail', '*'))) {
      const mail = await read(path);
      if (recipientOf(mail) === user.email) ids.push(mail.messageId);
    }
    expectEqual('number of mails', [ids.length, new Set(ids).size], [3, 3]);
  });
}

function fileOf(result: unknown): string {
  // The welcome does more than to send its mail.
  const { mail, file = mail?.file } = (result ?? {}) as Partial<SentMail> & { mail?: SentMail };
  if (!file) throw new Error('expected the job to return a file; does the shop run with SMTP_URL?');
  return file;
}

async function read(path: string): Promise<Email> {
  return PostalMime.parse(await readFile(path));
}

function recipientOf({ to }: Email): string | undefined {
  return to?.[0]?.address;
}
