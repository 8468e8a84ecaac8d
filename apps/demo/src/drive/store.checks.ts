import { readFile } from 'node:fs/promises';
import { type CheckList, expectEqual, expectThat } from './check-list.js';
import { REFUND, type Seen } from './scenario.js';

/** What the store says of the jobs. */
export async function checkStore(seen: Seen, list: CheckList): Promise<void> {
  for (const [what, job] of Object.entries(seen.jobs)) {
    await list.check(`the ${what} job is completed (${job.name}, ${times(job.attempts)})`, () => {
      expectEqual('state', job.state, 'completed');
      // The supplier refuses some requests.
      if (what !== 'sync' && what !== 'welcome') expectEqual('attempts', job.attempts, 1);
    });
  }
  await list.check('the sync pulled each page, one at a time, and again what was refused', () => {
    const { state, pulled } = seen.syncReport;
    expectEqual('state', state, 'completed');
    const inOrder = pulled.toSorted((one, other) => one.from - other.from);
    const pages = new Set(pulled.map(({ page }) => page));
    expectEqual('number of pages, and of different ones', [pulled.length, pages.size], [5, 5]);
    const attempts = pulled.reduce((sum, { attempt }) => sum + attempt, 0);
    expectThat(attempts > 5, `expected more attempts than pages, got ${attempts}`);
    const atOnce = inOrder.filter(({ from }, index) => from < (inOrder[index - 1]?.to ?? 0));
    expectEqual('pages that began while another was pulled', atOnce, []);
  });
  await list.check('the welcome was tried again, and has given one voucher', () => {
    const { attempts, result } = seen.jobs.welcome;
    expectEqual('attempts', attempts, 2);
    const { voucher } = result as { voucher: string };
    expectEqual(
      'vouchers',
      seen.vouchers.map(({ id }) => id),
      [voucher],
    );
  });
  await list.check('a repeated refund with the same key paid once', () => {
    const refunds = seen.refunds.map(({ id, amount }) => ({ id, amount }));
    expectEqual('refunds', refunds, [{ id: seen.jobs.refund.id, amount: REFUND }]);
  });
  await list.check('progress was reported', () => {
    expectEqual('thumbnails', seen.jobs.thumbnails.progress, 100);
  });
  await list.check('a repeated order gave the same order', () =>
    expectEqual('order', seen.orderAgain, seen.order),
  );
  await list.check('a repeated sign-up gave the same user', () =>
    expectEqual('user', seen.userAgain, seen.user),
  );
}

/** Each line that a handler logs names its job, so that the lines of one job can be found. */
export async function checkLog(seen: Seen, logFile: string, list: CheckList): Promise<void> {
  await list.check(
    'log lines of handlers carry the id, name and attempt of their job, and the tenant',
    async () => {
      const lines = (await readFile(logFile, 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const line = lines.find(({ msg }) => msg === `welcomed user ${seen.user.id}`);
      expectEqual(
        'line',
        [line?.jobId, line?.jobName, line?.queue, line?.attempt, line?.tenant],
        [seen.jobs.welcome.id, seen.jobs.welcome.name, 'mail', 2, 'main'],
      );
    },
  );
}

function times(attempts: number): string {
  return attempts === 1 ? '1 attempt' : `${attempts} attempts`;
}
