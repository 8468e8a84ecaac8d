import {
  chmodSync,
  closeSync,
  copyFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  expectCompletedOnce,
  expectFewErrors,
  giveTo,
  StoreRow,
  testFolder,
} from '../harness/store-row.js';

/** Permissions don't bind root: such a program runs as the user "nobody". */
const NOBODY = 65_534;
const asUser = process.getuid?.() === 0 ? { uid: NOBODY } : {};

const SUFFIXES = ['', '-wal', '-shm'];

/** A file with some completed jobs, closed: all of it is in one file. */
async function filledFile(path: string): Promise<void> {
  const row = new StoreRow(path);
  await row.run(...Array.from({ length: 20 }, (_, n) => `before-${n}`));
  row.app.order({ do: 'close' });
  await row.app.until('closed', () => row.app.of('closed').length > 0);
  await row.app.kill();
}

function overwriteMiddle(path: string): void {
  const descriptor = openSync(path, 'r+');
  const { size } = fstatSync(descriptor);
  // All but the first pages: the tables are found, and what is in them is torn.
  writeSync(descriptor, Buffer.alloc(size - 8_192, 0xa5), 0, size - 8_192, 8_192);
  closeSync(descriptor);
}

describe('a file that can not be used', () => {
  it('holds something else: the worker begins when it is removed', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    writeFileSync(path, 'Dear diary, this is not a database at all.'.repeat(200));
    const row = new StoreRow(path);

    await row.error('NotADatabaseError');
    await row.refused('refused', 'NotADatabaseError');
    rmSync(path);

    await row.run('after');
    await expectCompletedOnce(row, 'after');
    expectFewErrors(row);
  });

  it.each([
    ['overwritten in the middle', overwriteMiddle],
    ['cut off', (path: string) => truncateSync(path, 8_192)],
  ])('is %s: the worker goes on with the copy that takes its place', async (_how, harm) => {
    const path = join(testFolder(), 'jobs.sqlite');
    await filledFile(path);
    const backup = `${path}.backup`;
    copyFileSync(path, backup);
    harm(path);
    const row = new StoreRow(path);

    await row.error('StoreDamagedError');
    for (const suffix of SUFFIXES) rmSync(`${path}${suffix}`, { force: true });
    renameSync(backup, path);

    await row.run('after');
    await expectCompletedOnce(row, 'after');
    expect(await row.inspect('before-0')).toMatchObject([{ state: 'completed' }]);
    expectFewErrors(row);
  });

  it('may not be written: the worker begins when it may', async () => {
    const folder = testFolder();
    const path = join(folder, 'jobs.sqlite');
    await filledFile(path);
    if (asUser.uid !== undefined) giveTo(NOBODY, folder);
    chmodSync(path, 0o444);
    chmodSync(folder, 0o555);
    const row = new StoreRow(path, {}, asUser);

    await row.app.until('an error', () => row.app.of('error').length > 0);
    const [first] = row.app.of('error');
    expect(['StoreReadOnlyError', 'StoreNotOpenedError']).toContain(first!.error.name);
    await row.error(first!.error.name);
    chmodSync(folder, 0o777);
    chmodSync(path, 0o666);

    await row.run('after');
    await expectCompletedOnce(row, 'after');
    expectFewErrors(row);
  });

  it('is in a folder that may not be written: the worker begins when it may', async () => {
    const folder = testFolder();
    const path = join(folder, 'data', 'jobs.sqlite');
    mkdirSync(dirname(path));
    chmodSync(dirname(path), 0o555);
    chmodSync(folder, 0o755);
    const row = new StoreRow(path, {}, asUser);

    await row.error('StoreNotOpenedError');
    chmodSync(dirname(path), 0o777);

    await row.run('after');
    await expectCompletedOnce(row, 'after');
  });

  it('is to be in a folder that can not be made', async () => {
    const folder = testFolder();
    const obstacle = join(folder, 'data');
    writeFileSync(obstacle, 'a file where a folder should be');
    const row = new StoreRow(join(obstacle, 'jobs.sqlite'));

    await row.error('StoreNotOpenedError');
    rmSync(obstacle);

    await row.run('after');
    await expectCompletedOnce(row, 'after');
  });
});
