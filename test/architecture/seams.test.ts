import { existsSync, globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const LISTS = globSync('libs/*/src/**/*.seams.ts', { cwd: ROOT }).toSorted();

describe.each(LISTS)('the seams of %s', (path) => {
  const text = readFileSync(resolve(ROOT, path), 'utf8');

  it('are each proved by tests that exist', () => {
    const seams = text.match(/^ +what: /gm)?.length;
    const proofs = Array.from(text.matchAll(/^ +provedBy: \[([^\]]+)\]/gm), ([, tests]) => tests!);
    expect(proofs).toHaveLength(seams!);
    const named = proofs.flatMap((tests) =>
      Array.from(tests.matchAll(/'([^']+)'/g), ([, name]) => name!),
    );
    const missing = named.filter((test) => !isThere(test));
    expect(missing).toEqual([]);
  });

  it('have a spec that breaks them', () => {
    expect(isThere(path.replace(/\.ts$/, '.spec.ts'))).toBe(true);
  });
});

it('lists of seams are found', () => {
  expect(LISTS.length).toBeGreaterThan(2);
});

function isThere(path: string): boolean {
  return existsSync(resolve(ROOT, path));
}
