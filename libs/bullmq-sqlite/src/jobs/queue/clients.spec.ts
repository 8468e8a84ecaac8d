import { spawnSync } from 'node:child_process';
import { Queue, Worker } from 'bullmq';
import { expect, it } from 'vitest';
import { createSqliteBackend, sqlite } from '../../index.js';
import { acquireStore, releaseStore } from '../../store/index.js';

it('lists the workers of processes that live', async () => {
  const connection = sqlite(':memory:');
  const queue = new Queue('listed', { connection }, createSqliteBackend);
  const workers = ['one', 'two', 'far'].map((name) => {
    return new Worker('listed', null, { connection, name }, createSqliteBackend);
  });
  await Promise.all(workers.map((worker) => worker.waitUntilReady()));
  const names = async (): Promise<string[]> =>
    (await queue.getWorkers())
      .map(({ rawname = '' }) => rawname.split(':').at(-1) ?? '')
      .toSorted();
  expect(await names()).toEqual(['far', 'one', 'two']);

  const dead = spawnSync('true').pid;
  const store = acquireStore(connection);
  await store.write((tx) => {
    tx.run("UPDATE client SET process = ? WHERE name LIKE '%:two' OR name LIKE '%:far'", dead);
    tx.run("UPDATE client SET host = 'elsewhere' WHERE name LIKE '%:far'");
  });
  await releaseStore(store);
  expect(await names()).toEqual(['far', 'one']);

  await Promise.all(workers.map((worker) => worker.close()));
  expect(await names()).toEqual([]);
  await queue.close();
});
