import { existsSync, globSync, readFileSync } from 'node:fs';
import { posix, resolve, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  checkImports,
  type ImportRules,
  type LibraryRules,
  type Sources,
} from './import-checker.js';

const BULLMQ = ['bullmq', '@nestjs/bullmq'];

/**
 * Libraries by folder. `mayImport`: dashboard → jobs → bullmq-sqlite; apps and tests import any.
 */
const LIBRARIES: Record<string, Omit<LibraryRules, 'name' | 'source' | 'entries'>> = {
  jobs: {
    mayImport: ['bullmq-sqlite'],
    // What they do for jobs they can do for whatever else runs in the background.
    forbiddenIn: { logging: BULLMQ, lifecycle: BULLMQ, calling: BULLMQ },
    layers: [
      ['timers'],
      ['errors'],
      ['seams'],
      ['options'],
      ['timing/cron'],
      ['timing/calendars'],
      ['timing/ticks'],
      ['contracts'],
      ['coordination'],
      ['logging'],
      ['lifecycle'],
      ['payload'],
      ['calling'],
      ['decorators'],
      ['discovery'],
      ['engines'],
      ['enqueueing', 'execution'],
      ['hubs'],
      ['recurring', 'continuations', 'batches', 'concurrency', 'idempotency'],
      ['scheduler', 'health'],
      ['wiring'],
      ['jobs.module'],
      ['index', 'terminus'],
    ],
  },
  'bullmq-sqlite': {
    mayImport: [],
    forbidden: ['@nestjs/'],
    layers: [
      ['errors', 'driver', 'timers'],
      ['seams'],
      ['schema'],
      ['connection'],
      ['store'],
      ['jobs/row'],
      ['jobs/queue'],
      ['jobs/queries', 'jobs/flows'],
      ['jobs/deduplication'],
      ['jobs/adding', 'jobs/claiming'],
      ['jobs/changing', 'jobs/finishing', 'jobs/removal'],
      ['jobs/sweeps', 'jobs/schedulers'],
      ['backend', 'relay'],
      ['index'],
    ],
  },
  dashboard: { mayImport: ['nestjs-jobs'] },
};

const MAX_LINES = 400;

const ROOT = resolve(import.meta.dirname, '../..');
const CHECKED = ['libs/*/src/**/*.{ts,tsx}', 'apps/*/src/**/*.{ts,tsx}', 'test/**/*.ts'];

describe('imports', () => {
  it('follow the rule table', () => {
    expect(checkImports(readSources(), readRules())).toEqual([]);
    // It parses every source: a busy machine takes its time.
  }, 90_000);

  it('are checked for every library', () => {
    const folders = globSync('libs/*/package.json', { cwd: ROOT }).map(
      (path) => path.split(sep)[1] ?? '',
    );
    expect(Object.keys(LIBRARIES)).toEqual(expect.arrayContaining(folders));
  });
});

describe('the checker', () => {
  const rules: ImportRules = {
    maxLines: 5,
    libraries: [
      {
        name: 'lib',
        source: 'libs/lib/src',
        entries: ['lib', 'lib/testing'],
        mayImport: ['base'],
        layers: [['low'], ['room/below'], ['room/above'], ['left', 'right'], ['index']],
        forbiddenIn: { low: ['queue'] },
      },
      {
        name: 'base',
        source: 'libs/base/src',
        entries: ['base'],
        mayImport: [],
        forbidden: ['@nestjs/'],
      },
    ],
  };
  const check = (files: Record<string, string>): string[] =>
    checkImports(new Map(Object.entries(files)), rules);

  it('accepts downward imports and packages by their entries', () => {
    expect(
      check({
        'libs/lib/src/index.ts': `export { left } from './left/left.js';`,
        'libs/lib/src/left/left.ts': `import { low } from '../low/low.js'; import 'base'; import 'queue';`,
        'libs/lib/src/low/low.ts': `import './other.js';`,
        'libs/lib/src/low/other.ts': `export const a = "import '../left/left.js'";`,
        'libs/lib/src/low/low.spec.ts': `import '../left/left.js';`,
        'apps/app/src/main.ts': `import 'lib'; import 'lib/testing'; import './own.js';`,
      }),
    ).toEqual([]);
  });

  it.each([
    ['import', `import { left } from '../left/left.js';`],
    ['type import', `import type { Left } from '../left/left.js';`],
    ['export from', `export * from '../left/left.js';`],
    ['dynamic import', `export const left = () => import('../left/left.js');`],
    ['import type node', `export type Left = import('../left/left.js').Left;`],
    ['require', `const left = require('../left/left.js');`],
  ])('flags an upward %s', (_kind, text) => {
    expect(check({ 'libs/lib/src/low/low.ts': text, 'libs/lib/src/left/left.ts': '' })).toEqual([
      'libs/lib/src/low/low.ts:1 imports upward: "low" may not import "left"',
    ]);
  });

  it.each<[string, string, Record<string, string>]>([
    ['a sideways import', 'sideways', { 'libs/lib/src/left/a.ts': `import '../right/b.js';` }],
    ['an import of the index', 'upward', { 'libs/lib/src/left/a.ts': `import '../index.js';` }],
    [
      'an upward import inside a room',
      'upward: "room/below" may not import "room/above"',
      { 'libs/lib/src/room/below/a.ts': `import '../above/b.js';` },
    ],
    ['an unknown folder', 'has no layer', { 'libs/lib/src/utils/a.ts': '' }],
    ['a long file', '6 lines', { 'libs/lib/src/low/a.ts': '//\n'.repeat(6) }],
    ['an export star', 'named exports', { 'libs/lib/src/index.ts': `export * from './low/a.js';` }],
    [
      'leaving the library',
      'leaves',
      { 'libs/lib/src/low/a.ts': `import '../../../base/src/b.js';` },
    ],
    [
      'reaching in',
      'reaches into',
      { 'apps/a/src/a.ts': `import '../../../libs/lib/src/index.js';` },
    ],
    ['a deep import', 'not an entry', { 'apps/a/src/a.ts': `import 'lib/dist/index.js';` }],
    ['importing itself', 'itself', { 'libs/lib/src/low/a.ts': `import 'lib';` }],
    [
      'a lower library importing up',
      'may not import lib',
      { 'libs/base/src/a.ts': `import 'lib';` },
    ],
    ['a forbidden package', 'may not', { 'libs/base/src/a.ts': `import '@nestjs/common';` }],
    [
      'a package that is forbidden in a folder',
      'low/a.ts:1: "low" may not import "queue"',
      { 'libs/lib/src/low/a.ts': `import type { Queue } from 'queue';` },
    ],
  ])('flags %s', (_what, message, files) => {
    expect(check(files)).toEqual([expect.stringContaining(message)]);
  });
});

function readSources(): Sources {
  const paths = globSync(CHECKED, { cwd: ROOT }).map((path) => path.split(sep).join(posix.sep));
  return new Map(
    paths.toSorted().map((path) => [path, readFileSync(resolve(ROOT, path), 'utf8')] as const),
  );
}

function readRules(): ImportRules {
  const libraries = Object.entries(LIBRARIES)
    .filter(([folder]) => existsSync(resolve(ROOT, 'libs', folder, 'package.json')))
    .map(([folder, rules]) => {
      const manifest = JSON.parse(
        readFileSync(resolve(ROOT, 'libs', folder, 'package.json'), 'utf8'),
      ) as { name: string; exports: Record<string, unknown> };
      const entries = Object.keys(manifest.exports).map((key) => posix.join(manifest.name, key));
      return { name: manifest.name, source: `libs/${folder}/src`, entries, ...rules };
    });
  return { libraries, maxLines: MAX_LINES };
}
