import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { JobsConfigurationError } from '../../errors/index.js';
import { explainMissingSqlite } from './sqlite-errors.js';

/** What a Node.js without SQLite says; this one can be told to have none. */
function realError(): Error {
  const script = `import('node:sqlite').catch((error) => console.log(error.message))`;
  const args = ['--no-experimental-sqlite', '--input-type=module', '-e', script];
  return new Error(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim());
}

it('a Node.js without SQLite is told of, with what to do', () => {
  const cause = realError();
  expect(() => explainMissingSqlite(cause)).toThrow(JobsConfigurationError);
  expect(() => explainMissingSqlite(cause)).toThrow(
    'needs node:sqlite, which this Node.js does not have; take another build of it, or give a "connection"',
  );
});

it('what else is wrong with the package stays as it is', () => {
  const error = new Error("Cannot find package 'bullmq-sqlite'");
  expect(() => explainMissingSqlite(error)).toThrow(error);
});
