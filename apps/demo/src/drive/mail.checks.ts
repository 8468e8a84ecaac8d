import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SentMail } from '../mail/mailer.js';
import { type CheckList, expectEqual, expectThat } from './check-list.js';
import { type ParsedMail, parseEml } from './eml.parser.js';
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
      const { headers } = await read(join(dataFolder, fileOf(jobs[what].result)));
      expectEqual('subject', headers.get('subject'), subject);
      expectEqual('recipient', headers.get('to'), user.email);
    });
  }
  await list.check('the invoice mail has the PDF attached', async () => {
    const { body } = await read(join(dataFolder, fileOf(jobs['invoice mail'].result)));
    const pdf = await readFile(join(dataFolder, 'invoices', `${order.id}.pdf`));
    const attached = body.replaceAll('\n', '').includes(pdf.toString('base64'));
    expectThat(attached, 'expected the bytes of the invoice in the mail, found others');
  });
  await list.check('no mail was written twice', async () => {
    const ids: (string | undefined)[] = [];
    for await (const path of glob(join(dataFolder, 'mail', '*'))) {
      const { headers } = await read(path);
      if (headers.get('to') === user.email) ids.push(headers.get('message-id'));
    }
    expectEqual('number of mails', [ids.length, new Set(ids).size], [3, 3]);
  });
}

function fileOf(result: unknown): string {
  const { file } = (result ?? {}) as Partial<SentMail>;
  if (!file) throw new Error('expected the job to return a file; does the shop run with SMTP_URL?');
  return file;
}

async function read(path: string): Promise<ParsedMail> {
  return parseEml(await readFile(path, 'utf8'));
}
