import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeBlocks, linksOf, regionOf } from '../support/readme-blocks.js';

/**
 * READMEs and the pages of docs/ show tested code alone: each ts block names a region of a file in
 * this repository, which is compiled and run by other tests, and is equal to it.
 *
 * In the README:     <!-- file: apps/demo/src/email.service.ts#send -->
 * In that file:      // #region send  …  // #endregion send
 */
const ROOT = join(import.meta.dirname, '../..');
const DOCS = globSync('docs/**/*.md', { cwd: ROOT });
const READMES = ['README.md', ...globSync('libs/*/README.md', { cwd: ROOT }), ...DOCS];

describe.each(READMES)('%s', (readme) => {
  const text = readFileSync(join(ROOT, readme), 'utf8');
  const blocks = codeBlocks(text);

  it('shows code where it should', () => {
    if (readme === 'README.md') expect(blocks.length).toBeGreaterThan(0);
    expect(blocks.filter(({ source }) => source === undefined)).toEqual([]);
  });

  it('links to files that exist', () => {
    const absent = linksOf(text).filter((link) => !existsSync(join(ROOT, dirname(readme), link)));
    expect(absent).toEqual([]);
  });

  it.each(blocks)('line $line shows $source', ({ code, source }) => {
    const [path = '', region = ''] = source?.split('#') ?? [];
    expect(code).toBe(regionOf(readFileSync(join(ROOT, path), 'utf8'), region));
  });
});

it('each page of docs/ is in its index', () => {
  const index = linksOf(readFileSync(join(ROOT, 'docs/README.md'), 'utf8'));
  const pages = DOCS.filter((page) => page !== 'docs/README.md');
  expect(pages.filter((page) => !index.includes(page.slice('docs/'.length)))).toEqual([]);
});

describe('the README check', () => {
  const file = [
    'class A {',
    '  // #region one',
    '  a() {',
    '    b();',
    '  }',
    '  // #endregion one',
    '}',
  ];

  it('reads blocks with and without a source', () => {
    const text = [
      '<!-- file: a.ts#one -->',
      '',
      '```ts',
      'a();',
      '```',
      '```typescript',
      'b();',
      '```',
      '```sh',
      'npm start',
      '```',
    ];
    expect(codeBlocks(text.join('\n'))).toEqual([
      { line: 3, source: 'a.ts#one', code: 'a();' },
      { line: 6, source: undefined, code: 'b();' },
    ]);
  });

  it('reads links to files, without their anchors', () => {
    const prose = '[a](a.md#one), [b](../b.md), [c](#here), [d](https://example.org/d.md)';
    expect(linksOf(`${prose}\n\n\`\`\`sh\na[0](b)\n\`\`\`\n`)).toEqual(['a.md', '../b.md']);
  });

  it('reads a region without its indentation', () => {
    expect(regionOf(file.join('\n'), 'one')).toBe('a() {\n  b();\n}');
  });

  it('refuses a region that is absent or not closed', () => {
    expect(() => regionOf(file.join('\n'), 'two')).toThrow('no region "two"');
    expect(() => regionOf(file.slice(0, 4).join('\n'), 'one')).toThrow('not closed');
  });
});
