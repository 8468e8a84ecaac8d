import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

/** What prettier wraps code at. Of comments it wraps none. */
const WIDTH = 100;

const ROOT = resolve(import.meta.dirname, '../..');
const CHECKED = ['{libs,apps}/*/src/**/*.{ts,tsx}', 'test/**/*.ts', '*.ts'];

/** A directive to the linter has to be one line. */
const COMMENT = /^\s*(\/\/(?! oxlint-)|\/?\*)/;

it('comments are as wide as code', () => {
  const wide = globSync(CHECKED, { cwd: ROOT }).flatMap((path) =>
    readFileSync(resolve(ROOT, path), 'utf8')
      .split('\n')
      .flatMap((line, index) =>
        line.length > WIDTH && COMMENT.test(line) ? [`${path}:${index + 1}`] : [],
      ),
  );
  expect(wide).toEqual([]);
});
