import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Child } from '../harness/child.js';
import {
  expectCompletedOnce,
  expectFewErrors,
  StoreRow,
  testFolder,
} from '../harness/store-row.js';

async function lock(path: string, begin: string): Promise<Child<{ type: 'locked' }>> {
  const holder = new Child<{ type: 'locked' }>('lock-holder', { path, begin });
  await holder.until('the lock', () => holder.told.length > 0);
  return holder;
}

describe('a file that another program has locked', () => {
  it('is waited for, and a success is kept beyond the busy timeout', async () => {
    const row = new StoreRow(join(testFolder(), 'jobs.sqlite'), { busyTimeout: 300 });
    await row.run('before');
    await row.hold('during-1', 'during-2');
    const holder = await lock(row.path, 'BEGIN IMMEDIATE');

    row.release();
    await row.refused('refused', 'StoreBusyError');
    await row.error('StoreBusyError');
    expect(row.app.of('completed').map(({ id }) => id)).toEqual(['before']);
    await holder.kill();

    await row.completed('during-1', 'during-2');
    await row.run('after');
    await expectCompletedOnce(row, 'before', 'during-1', 'during-2', 'after');
    expectFewErrors(row);
  });

  it('is waited for when the program starts', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    const first = new StoreRow(path);
    await first.run('before');
    await first.app.kill();
    // Nobody can read it then; this mode is only had while nobody else has the file open.
    const holder = await lock(path, 'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const row = new StoreRow(path, { busyTimeout: 300 });

    await row.error('StoreBusyError');
    await holder.kill();

    await row.run('after');
    expect(await row.inspect('before')).toMatchObject([{ state: 'completed' }]);
    expectFewErrors(row);
  });

  it('longer than a lock of a job: the job is run again, not stored as failed', async () => {
    const row = new StoreRow(join(testFolder(), 'jobs.sqlite'), { lockDuration: 1_000 });
    await row.hold('during');
    const holder = await lock(row.path, 'BEGIN IMMEDIATE');

    row.release();
    const givenUpAt = Date.now() + 2_500;
    await row.app.until('the completion is given up', () =>
      row.app.of('error').some(({ at }) => at > givenUpAt),
    );
    await holder.kill();

    await row.completed('during');
    expect(row.starts('during')).toBe(2);
    expect(row.app.of('failed')).toEqual([]);
    expect(await row.inspect('during')).toMatchObject([{ state: 'completed' }]);
  });

  it('does not keep a worker from closing for longer than the lock of a job', async () => {
    const row = new StoreRow(join(testFolder(), 'jobs.sqlite'), { lockDuration: 1_000 });
    await row.hold('during');
    const holder = await lock(row.path, 'BEGIN IMMEDIATE');

    row.release();
    await row.error('StoreBusyError');
    row.app.order({ do: 'close' });
    await row.app.until('closed', () => row.app.of('closed').length > 0, 5_000);
    await holder.kill();
    const next = new StoreRow(row.path);
    next.release();

    await next.completed('during');
    expect(next.app.of('failed')).toEqual([]);
  });
});
