import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { ShopClient } from '../../apps/demo/src/drive/shop.client.js';
import type { JobLink } from '../../apps/demo/src/jobs/job-link.js';
import type { JobStatus } from '../../apps/demo/src/jobs/job-status.js';
import {
  DEMO_IS_BUILT,
  DEMO_NOT_BUILT,
  type DemoRun,
  DRIVE_TIMEOUT_MS,
  runDemo,
  startDemo,
} from '../support/demo-shop.js';
import { describeUnless } from '../support/describe-unless.js';
import { describeEngines } from '../support/engines.js';

const TIMEOUT_MS = DRIVE_TIMEOUT_MS + 10_000;

/**
 * The demo, driven once from end to end on each engine, as `npm run demo` does: it checks its own
 * effects.
 */
describeEngines('the demo', ({ capabilities, url }) => {
  it('does and shows all that it promises', { timeout: TIMEOUT_MS }, async ({ skip }) => {
    // nestjs-pino has one root logger a process, so two shops in this one would share a log.
    const isOneRun = !DEMO_IS_BUILT && capabilities.sharedAcrossMachines;
    skip(isOneRun, `${DEMO_NOT_BUILT}, so one engine is run`);
    const { exitCode, output } = await drive({ JOBS_URL: url });
    expect(output).toContain('All was seen.');
    expect(output).not.toContain('MISSING');
    expect(exitCode).toBe(0);
  });
});

/** What the demo shows of the library, each part seen as a client sees it: over HTTP. */
describeUnless(DEMO_IS_BUILT ? undefined : DEMO_NOT_BUILT, 'over HTTP, the demo', () => {
  const ITEMS = [{ name: 'Tea', quantity: 2, unitPrice: 450 }];
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-jobs-demo-parts-'));
  let started: Awaited<ReturnType<typeof startDemo>>;
  let shop: ShopClient;

  beforeAll(async () => {
    started = await startDemo(folder);
    shop = new ShopClient(started.url);
  });

  afterAll(async () => {
    started.shop.kill('SIGTERM');
    await once(started.shop, 'exit');
    rmSync(folder, { recursive: true });
  });

  const ended = (link: JobLink): Promise<JobStatus> =>
    seen(
      () => shop.job(link),
      ({ state }) => state === 'completed' || state === 'failed',
    );

  const newUser = async (tenant?: string) =>
    shop.signUp(`${randomUUID()}@example.com`, 'Ada', tenant);

  const newOrder = async () => (await shop.order((await newUser()).user.id, ITEMS)).order.id;

  it('does the steps of a welcome once, though the last one fails at first', async () => {
    const { user, jobs } = await newUser();
    const { attempts, result } = await ended(jobs.welcome);
    expect(attempts).toBe(2);
    const [voucher, ...others] = await shop.vouchers(user.id);
    expect(result).toMatchObject({ voucher: voucher?.id });
    expect(others).toEqual([]);
  });

  it('mails an invoice as the continuation of its drawing, for the tenant of the order', async () => {
    const { user } = await newUser();
    const { order } = await shop.order(user.id, ITEMS, undefined, 'books');
    const { jobs } = await seen(
      () => shop.placed(order.id),
      (placed) => placed.jobs.invoiceMail !== undefined,
    );
    const mail = await ended(jobs.invoiceMail!);
    expect(mail).toMatchObject({ name: 'InvoiceService.send', state: 'completed' });
    expect(mail.result).toMatchObject({ from: 'books@demo.example' });
  });

  it('works in a job for the tenant that it was enqueued by', async () => {
    const [books, none] = [await newUser('books'), await newUser()];
    const results = [await ended(books.jobs.welcome), await ended(none.jobs.welcome)];
    expect(results.map(({ result }) => result)).toMatchObject([
      { mail: { from: 'books@demo.example' } },
      { mail: { from: 'main@demo.example' } },
    ]);
  });

  it('stores neither an order nor its job when the transaction is rolled back', async () => {
    const { user } = await newUser();
    const dear = [{ name: 'Samovar', quantity: 1, unitPrice: 1_000_001 }];
    const id = randomUUID();
    await expect(shop.order(user.id, dear, id)).rejects.toThrow('got 422');
    await expect(shop.placed(id)).rejects.toThrow('got 404');
    const invoice = { queue: 'invoices', id: `invoice-${id}` };
    const link = { ...invoice, url: `/jobs/invoices/${invoice.id}` };
    await expect(shop.job(link)).rejects.toThrow('got 404');
    // The id is free again, and its job is found where it was looked for.
    const { jobs } = await shop.order(user.id, ITEMS, id);
    expect(jobs.invoice).toEqual(link);
    expect(await ended(link)).toMatchObject({ state: 'completed', attempts: 1 });
  });

  it('refunds once for an idempotency key, and refuses it for another amount', async () => {
    const [id, key] = [await newOrder(), randomUUID()];
    const first = await shop.refund(id, 450, key);
    expect(await shop.refund(id, 450, key)).toEqual(first);
    await ended(first.jobs.refund);
    expect(await shop.refund(id, 450, key)).toEqual(first);
    await expect(shop.refund(id, 900, key)).rejects.toThrow('got 422');
    const other = await shop.refund(id, 450, randomUUID());
    await ended(other.jobs.refund);
    expect(await shop.refunds(id)).toHaveLength(2);
  });

  it('asks the payment provider three times a second at most', async () => {
    const id = await newOrder();
    const refunds = await Promise.all(
      Array.from({ length: 7 }, () => shop.refund(id, 10, randomUUID())),
    );
    const ends = await Promise.all(refunds.map(({ jobs }) => ended(jobs.refund)));
    expect(ends.map(({ attempts }) => attempts)).toEqual(ends.map(() => 1));
    const starts = ends.map(({ startedAt }) => Date.parse(startedAt!)).toSorted((a, b) => a - b);
    const windows = starts.slice(3).map((start, index) => start - starts[index]!);
    // What is stored of a start is read some milliseconds beside what is counted.
    for (const window of windows) expect(window).toBeGreaterThan(950);
  });

  it('pulls products by a batch, one page at a time', async () => {
    const sync = await ended((await shop.sync()).jobs.sync);
    const { batch } = sync.result as { batch: string };
    const { progress, report } = await seen(
      () => shop.syncStatus(batch),
      (status) => status.report !== undefined,
    );
    expect(progress).toMatchObject({ total: 5, completed: 5, failed: 0, pending: 0 });
    const pulled = report!.pulled.toSorted((one, other) => one.from - other.from);
    expect(new Set(pulled.map(({ page }) => page))).toEqual(new Set([1, 2, 3, 4, 5]));
    for (const [index, { to }] of pulled.slice(0, -1).entries()) {
      expect(pulled[index + 1]!.from).toBeGreaterThanOrEqual(to);
    }
    expect(await shop.products()).toHaveLength(25);
  });

  it('reports on working days alone, and can be asked for a report at any time', async () => {
    const { next } = await shop.oneRecurring('sales-report');
    expect(next).toHaveLength(5);
    // At eight in Berlin, the day is that of UTC. Of five days in a row, one at least is a Saturday
    // or Sunday.
    const days = next.map((tick) => new Date(tick).getUTCDay());
    expect(days.filter((day) => day === 0 || day === 6)).toEqual([]);
    await newOrder();
    const { jobs } = await shop.triggerRecurring('sales-report');
    const { orders, total } = (await ended(jobs.run)).result as { orders: number; total: number };
    expect(orders).toBeGreaterThan(0);
    expect(total).toBeGreaterThanOrEqual(900);
  });
});

it(
  'the demo needs no server and no setting, and is driven while it runs',
  { timeout: TIMEOUT_MS },
  async ({ skip }) => {
    skip(!DEMO_IS_BUILT, DEMO_NOT_BUILT);
    const folder = mkdtempSync(join(tmpdir(), 'nestjs-jobs-demo-start-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { shop, url } = await startDemo(folder);
    onTestFinished(() => void shop.kill('SIGKILL'));
    const { exitCode, output } = await runDemo('drive.js', {
      DEMO_URL: url,
      DEMO_DATA: join(folder, 'data/demo'),
    });
    expect(output).toContain('All was seen.');
    expect(exitCode).toBe(0);
    expect(existsSync(join(folder, 'data/jobs.sqlite'))).toBe(true);
    shop.kill('SIGTERM');
    expect(await once(shop, 'exit')).toEqual([null, 'SIGTERM']);
  },
);

it('the demo says what is wrong with its store, and nothing else', async ({ skip }) => {
  skip(!DEMO_IS_BUILT, DEMO_NOT_BUILT);
  const { exitCode, output } = await runDemo('main.js', { JOBS_URL: 'mysql://127.0.0.1' });
  expect(output).toContain('got a URL with "mysql:"');
  expect(output).not.toContain('    at ');
  expect(exitCode).toBe(1);
});

/** The built program when there is one, else the sources in this process. */
async function drive(env: NodeJS.ProcessEnv): Promise<DemoRun> {
  if (DEMO_IS_BUILT) return runDemo('drive.js', env);
  const lines: string[] = [];
  const { driveDemo } = await import('../../apps/demo/src/drive/demo-drive.js');
  const exitCode = await driveDemo(env, (line) => lines.push(line));
  return { exitCode, output: lines.join('\n') };
}

/** Asks until the answer is what is waited for. */
async function seen<T>(look: () => Promise<T>, isTrue: (answer: T) => boolean): Promise<T> {
  let answer = await look();
  await expect
    .poll(async () => isTrue((answer = await look())), { timeout: 10_000, interval: 25 })
    .toBe(true);
  return answer;
}
