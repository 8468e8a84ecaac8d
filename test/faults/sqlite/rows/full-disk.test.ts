import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  expectCompletedOnce,
  expectFewErrors,
  StoreRow,
  testFolder,
} from '../harness/store-row.js';

const TMPFS_BYTES = 2 * 1024 * 1024;

describe('a full disk', () => {
  it('refuses jobs by name, keeps successes, and is over when there is space [page limit]', async () => {
    const row = new StoreRow(join(testFolder(), 'jobs.sqlite'));
    await row.run('before');
    await row.hold('during-1', 'during-2');

    await limitPages(row, true);
    await fillUp(row);
    row.release();
    // They may find room in pages that are there.
    await row.app.until(
      'an end',
      () => row.app.of('error').length > 0 || row.app.of('completed').length === 3,
    );
    await limitPages(row, false);

    await row.completed('during-1', 'during-2');
    await row.run('after');
    await expectCompletedOnce(row, 'before', 'during-1', 'during-2', 'after');
    expectFewErrors(row);
  });

  // Only where it can: the test above shows the same, and a skipped one would read as a gap.
  const ifMountable = canMount() ? it : () => undefined;
  ifMountable(
    'refuses jobs by name, keeps successes, and is over when there is space [tmpfs]',
    async () => {
      const folder = smallDisk();
      const filler = join(folder, 'filler');
      const row = new StoreRow(join(folder, 'jobs.sqlite'));
      await row.run('before');
      await row.hold('during-1', 'during-2');

      fillDisk(filler);
      await row.refused('refused', 'StoreFullError');
      row.release();
      await row.error('StoreFullError');
      expect(row.app.of('completed').map(({ id }) => id)).toEqual(['before']);
      rmSync(filler);

      await row.completed('during-1', 'during-2');
      await row.run('after');
      await expectCompletedOnce(row, 'before', 'during-1', 'during-2', 'after');
      expect(await row.inspect('refused')).toMatchObject([{ state: 'unknown' }]);
      expectFewErrors(row);
    },
  );
});

async function limitPages(row: StoreRow, limited: boolean): Promise<void> {
  const answers = row.app.of('limited').length;
  row.app.order({ do: 'limit-pages', limited });
  await row.app.until('a page limit', () => row.app.of('limited').length > answers);
}

/** Adds jobs until no free page is left. */
async function fillUp(row: StoreRow): Promise<void> {
  for (let n = 0; row.app.of('refused').length === 0; n += 1) {
    const id = `filler-${n}`;
    row.app.order({ do: 'add', ids: [id] });
    const isAnswered = () =>
      [...row.app.of('added'), ...row.app.of('refused')].some((told) => told.id === id);
    await row.app.until(`an answer to ${id}`, isAnswered);
  }
  expect(row.app.of('refused')[0]!.error).toMatchObject({
    name: 'StoreFullError',
    path: row.path,
  });
}

function smallDisk(): string {
  const folder = testFolder();
  mount(folder);
  onTestFinished(() => unmount(folder));
  return folder;
}

/** Takes root, which in a container is not always enough. */
function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'bullmq-sqlite-mount-'));
  try {
    mount(folder);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(folder);
  }
}

function mount(folder: string): void {
  const options = ['-t', 'tmpfs', '-o', `size=${TMPFS_BYTES}`, 'tmpfs', folder];
  execFileSync('mount', options, { stdio: 'pipe' });
}

function unmount(folder: string): void {
  execFileSync('umount', ['--lazy', folder]);
}

function fillDisk(filler: string): void {
  for (const bytes of [65_536, 4_096, 1]) {
    try {
      for (;;) writeFileSync(filler, 'x'.repeat(bytes), { flag: 'a' });
    } catch {
      // Full for pieces of this size.
    }
  }
}
