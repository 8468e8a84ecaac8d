import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  expectCompletedOnce,
  expectFewErrors,
  StoreRow,
  testFolder,
} from '../harness/store-row.js';

/** SQLite's log and its index lie beside the file and belong to it. */
const SUFFIXES = ['', '-wal', '-shm'];

describe('a file that is gone', () => {
  it('is missed, and nothing is lost when it is put back', async () => {
    const row = new StoreRow(join(testFolder(), 'jobs.sqlite'));
    await row.run('before');
    await row.hold('during-1', 'during-2');
    const away = `${row.path}.away`;

    renameSync(row.path, away);
    row.release();
    await row.refused('refused', 'StoreMissingError');
    await row.error('StoreMissingError');
    renameSync(away, row.path);

    await row.completed('during-1', 'during-2');
    await row.run('after');
    await expectCompletedOnce(row, 'before', 'during-1', 'during-2', 'after');
    expectFewErrors(row);
  });

  it('is missed by an idle worker, which works on the file that takes its place', async () => {
    const row = new StoreRow(join(testFolder(), 'jobs.sqlite'));
    await row.run('before');
    const fresh = join(dirname(row.path), 'fresh', 'jobs.sqlite');
    mkdirSync(dirname(fresh));
    const other = new StoreRow(fresh);
    await other.run('elsewhere');
    other.app.order({ do: 'close' });
    await other.app.until('closed', () => other.app.of('closed').length > 0);

    rmSync(row.path);
    await row.error('StoreMissingError');
    renameSync(fresh, row.path);

    await row.run('after');
    expect(await row.inspect('elsewhere', 'before', 'after')).toMatchObject([
      { state: 'completed' },
      { state: 'unknown' },
      { state: 'completed' },
    ]);
    expectFewErrors(row);
  });

  it('is replaced under a worker without a gap: the old log is not taken for the new one', async () => {
    const row = new StoreRow(join(testFolder(), 'jobs.sqlite'));
    await row.run('before');
    const fresh = join(dirname(row.path), 'fresh', 'jobs.sqlite');
    mkdirSync(dirname(fresh));
    const other = new StoreRow(fresh);
    await other.run('elsewhere');
    other.app.order({ do: 'close' });
    await other.app.until('closed', () => other.app.of('closed').length > 0);

    renameSync(row.path, `${row.path}.old`);
    renameSync(fresh, row.path);
    await row.run('after');

    expect(await row.inspect('elsewhere', 'before')).toMatchObject([
      { state: 'completed' },
      { state: 'unknown' },
    ]);
    row.app.order({ do: 'close' });
    await row.app.until('closed', () => row.app.of('closed').length > 0);
    const old = new StoreRow(`${row.path}.old`);
    expect(await old.inspect('before')).toMatchObject([{ state: 'completed' }]);
  });

  it('is made anew when all of it was deleted, and the program starts again', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    const first = new StoreRow(path);
    await first.run('before');
    for (const suffix of SUFFIXES) rmSync(`${path}${suffix}`);
    await first.error('StoreMissingError');
    await first.app.kill();

    const row = new StoreRow(path);
    await row.run('after');
    expect(await row.inspect('before')).toMatchObject([{ state: 'unknown' }]);
  });
});
