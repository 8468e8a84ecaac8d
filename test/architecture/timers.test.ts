import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bareTimersOf } from './bare-timers.js';

const ROOT = resolve(import.meta.dirname, '../..');

const EXEMPT: Readonly<Record<string, string>> = {
  'libs/jobs/src/timers/natives.ts': 'the one place',
  'libs/bullmq-sqlite/src/timers/natives.ts': 'the one place',
  'libs/jobs/src/recurring/process-recurrence.ts':
    "its timer is the application's, in the SchedulerRegistry of @nestjs/schedule",
};

const paths = globSync('libs/*/src/**/*.ts', { cwd: ROOT, exclude: ['**/*.spec.ts'] });

describe('the libraries', () => {
  it('wait and measure by their own timers alone, which can be long and are never faked', () => {
    const bare = paths
      .filter((path) => EXEMPT[path] === undefined)
      .flatMap((path) =>
        bareTimersOf(path, readFileSync(resolve(ROOT, path), 'utf8')).map(
          (what) => `${path}:${what}; use what its library's timers/ folder exports`,
        ),
      );
    expect(bare).toEqual([]);
  });

  it('are all looked at, and every exemption is needed', () => {
    expect(paths.length).toBeGreaterThan(100);
    const idle = Object.keys(EXEMPT).filter(
      (path) => bareTimersOf(path, readFileSync(resolve(ROOT, path), 'utf8')).length === 0,
    );
    expect(idle).toEqual([]);
  });
});

describe('the search for bare timers', () => {
  it.each([
    ['a call', 'setTimeout(f, 1);', '1: setTimeout'],
    ['a call of the global object', 'globalThis.setInterval(f, 1);', '1: setInterval'],
    ['a function that is handed on', 'new Promise(setImmediate);', '1: setImmediate'],
    ['a clock', 'const a = 1;\nperformance.now();', '2: performance'],
    [
      'a module',
      "import { setTimeout as pause } from 'node:timers/promises';",
      '1: timers/promises',
    ],
    ['a signal', 'AbortSignal.timeout(5);', '1: AbortSignal.timeout'],
  ])('finds %s', (_what, text, found) => {
    expect(bareTimersOf('a.ts', text)).toEqual([found]);
  });

  it('leaves properties of other things, comments and texts alone', () => {
    const text =
      "// setTimeout\nnatives.setTimeout(f); socket.setTimeout(1); const a = 'setTimeout';";
    expect(bareTimersOf('a.ts', text)).toEqual([]);
  });
});
