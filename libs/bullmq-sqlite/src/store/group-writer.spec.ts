import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Queue } from 'bullmq';
import { expect, it } from 'vitest';
import { createSqliteBackend, sqlite } from '../index.js';

it('answers a read inside a transaction of the application, although writes wait for its end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bullmq-sqlite-'));
  const connection = sqlite(join(folder, 'jobs.sqlite'), { busyTimeout: 20_000 });
  const queue = new Queue('q', { connection }, createSqliteBackend);
  await queue.waitUntilReady();
  const database = new DatabaseSync(connection.path);

  database.exec('BEGIN IMMEDIATE');
  const added = queue.add('waits', {});
  expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 0 });
  database.exec('COMMIT');
  await added;
  expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 1 });

  // Without a lock in the way, a caller sees the writes that it has called before.
  void queue.add('seen', {});
  expect(await queue.getJobCounts('waiting')).toEqual({ waiting: 2 });
  database.close();
  await queue.close();
  rmSync(folder, { recursive: true });
});
