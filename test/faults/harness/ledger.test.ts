import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { LedgerReader, LedgerWriter } from './ledger.js';
import { Random } from './seeds.js';

it('the ledger keeps the lines of several processes whole', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-jobs-ledger-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'ledger');
  // Appends exactly as LedgerWriter does, and dies in the middle of it.
  const script = join(folder, 'writer.mjs');
  writeFileSync(
    script,
    `import { openSync, writeSync } from 'node:fs';
     const file = openSync(process.argv[2], 'a');
     for (let n = 0; n < 500; n++) {
       writeSync(file, JSON.stringify({ type: 'attempted', label: 'x'.repeat(300), at: n }) + '\\n');
     }
     process.kill(process.pid, 'SIGKILL');`,
  );
  const writer = new LedgerWriter(path);
  const reader = new LedgerReader(path);
  const children = [1, 2, 3].map(() => fork(script, [path], { execArgv: [] }));
  const gone = Promise.all(children.map((child) => once(child, 'exit')));
  writer.append({ type: 'attempted', label: 'mine' });
  reader.refresh();
  await gone;

  expect(reader.refresh()).toHaveLength(3 * 500 + 1);
  expect(reader.of('attempted').filter(({ label }) => label === 'mine')).toHaveLength(1);
});

it('the same seed makes the same choices, another name others', () => {
  expect(choices(7, 'a')).toEqual(choices(7, 'a'));
  expect(choices(7, 'a')).not.toEqual(choices(8, 'a'));
  expect(choices(7, 'a')).not.toEqual(choices(7, 'b'));
});

function choices(seed: number, name: string): number[] {
  return new Random(seed, name).ascending(20, 0, 1_000);
}
