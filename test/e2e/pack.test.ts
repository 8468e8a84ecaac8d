import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack, PackedApp, readManifest, ROOT } from '../support/packed-app.js';

/**
 * What npm would publish, after `npm run build`: every library is packed and used by fresh apps, in
 * the module systems that users have.
 */
const LIBRARIES = globSync('libs/*/package.json', { cwd: ROOT }).map((path) =>
  basename(dirname(path)),
);

const run = promisify(execFile);
const tarballs = new Map<string, string>();
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'nestjs-jobs-pack-'));
  for (const library of LIBRARIES) tarballs.set(library, await pack(library, folder));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(LIBRARIES)('package %s', (library) => {
  const libraryFolder = join(ROOT, 'libs', library);

  it('passes publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: libraryFolder, strict: true, pack: 'npm' });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('passes attw', async () => {
    const attw = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const tarball = tarballs.get(library) ?? '';
    // Ends with an error, which carries the report, when a type is wrong.
    await run(process.execPath, [attw, tarball, '--profile', 'esm-only', '--no-emoji']).catch(
      (error: { stdout: string }) => expect.fail(error.stdout),
    );
  });

  it('ships its licence and changelog, and no test', async () => {
    const { stdout } = await run('tar', ['-tzf', tarballs.get(library) ?? '']);
    const files = stdout.split('\n');
    expect(files).toEqual(expect.arrayContaining(['package/LICENSE', 'package/CHANGELOG.md']));
    expect(files.filter((file) => /\.(spec|test)\./.test(file))).toEqual([]);
  });
});

describe('an app with the packed libraries', () => {
  const names = LIBRARIES.map((library) => readManifest(join(ROOT, 'libs', library)).name);
  let app: PackedApp;

  beforeAll(async () => {
    app = await PackedApp.create([...tarballs.values()]);
  });

  afterAll(() => app.remove());

  it.each(names)('imports %s from an ES module', async (name) => {
    const kinds = await app.run('app.mjs', `import * as lib from '${name}'; ${printKinds}`);
    expect(JSON.parse(kinds)).toMatchObject(EXPECTED[name] ?? {});
  });

  it.each(names)('requires %s from a CommonJS module', async (name) => {
    const kinds = await app.run('app.cjs', `const lib = require('${name}'); ${printKinds}`);
    expect(JSON.parse(kinds)).toMatchObject(EXPECTED[name] ?? {});
  });
});

/** Kinds of the exports that an app must find, by package. */
const EXPECTED: Record<string, Record<string, string>> = {
  'nestjs-jobs': { JobsModule: 'function', Job: 'function', JobScheduler: 'function' },
};

const printKinds = `console.log(JSON.stringify(
  Object.fromEntries(Object.entries(lib).map(([name, value]) => [name, typeof value]))));`;
