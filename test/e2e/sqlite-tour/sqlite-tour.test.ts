import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Queue } from 'bullmq';
import { createSqliteBackend, sqlite } from 'bullmq-sqlite';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** The code of the README of bullmq-sqlite, in a folder of its own. */
const folder = mkdtempSync(join(tmpdir(), 'bullmq-sqlite-tour-'));
const home = process.cwd();

beforeAll(() => process.chdir(folder));
afterAll(() => {
  process.chdir(home);
  rmSync(folder, { recursive: true });
});

it('adds a job and runs it', async () => {
  const { mail, worker, sent } = await import('./queue.js');
  await expect.poll(() => sent, { timeout: 5_000 }).toEqual(['ada@example.com']);
  await worker.close();
  await mail.close();
});

it('stores an order and its job, or neither', async () => {
  const { placeOrder } = await import('./transaction.js');
  const connection = sqlite('./data/jobs.sqlite');
  const queue = new Queue('invoices', { connection }, createSqliteBackend);
  await queue.waitUntilReady();
  const database = new DatabaseSync('./data/jobs.sqlite');
  database.exec('CREATE TABLE orders (id TEXT PRIMARY KEY)');
  placeOrder(database, 'o-1');
  expect(() => placeOrder(database, 'o-1')).toThrow('UNIQUE');
  expect((await queue.getWaiting()).map(({ data }) => data as unknown)).toEqual([{ id: 'o-1' }]);
  database.close();
  await queue.close();
});

it('carries a message', async () => {
  const { relay, heard } = await import('./relay.js');
  await expect.poll(() => heard).toEqual(['orders.42.paid']);
  await relay.close();
});
