import { execFile } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeEngines, type EngineName, placeOn } from '../support/engines.js';
import { pack, PackedApp, readManifest, ROOT } from '../support/packed-app.js';

/**
 * What npm would publish, after `npm run build`: every library is packed and used by fresh apps, in
 * the module systems that users have.
 */
const LIBRARIES = globSync('libs/*/package.json', { cwd: ROOT }).map((path) =>
  basename(dirname(path)),
);

/** What an engine needs beside the library. */
const DRIVERS: Readonly<Record<EngineName, readonly string[]>> = {
  redis: ['ioredis'],
  postgres: ['pg'],
  sqlite: [],
};

/** Kinds of the exports that an app must find, by package. */
const EXPECTED: Record<string, Record<string, string>> = {
  'nestjs-jobs': { JobsModule: 'function', Job: 'function', JobScheduler: 'function' },
  'bullmq-sqlite': { createSqliteBackend: 'function', sqlite: 'function' },
};

/** What the apps use, by package. */
const NEST_APP: Used = {
  '@nestjs/common': ['Injectable', 'Module'],
  '@nestjs/core': ['NestFactory'],
  'nestjs-jobs': ['Job', 'JobScheduler', 'JobsModule'],
  'nestjs-jobs/terminus': ['JobsHealthIndicator', 'JobsHealthModule'],
};

const BULLMQ_APP: Used = {
  bullmq: ['Queue', 'QueueEvents', 'Worker'],
  'bullmq-sqlite': ['createSqliteBackend', 'sqlite'],
};

/** Name, file and first lines of an app in each module system. */
const moduleKinds = (used: Used) =>
  [
    ['an ES module', 'app.mjs', imports(used)],
    ['a CommonJS module', 'app.cjs', requires(used)],
  ] as const;

type Used = Readonly<Record<string, readonly string[]>>;

const imports = (used: Used): string =>
  Object.entries(used)
    .map(([name, names]) => `import { ${names.join(', ')} } from '${name}';`)
    .join('\n');

const requires = (used: Used): string =>
  Object.entries(used)
    .map(([name, names]) => `const { ${names.join(', ')} } = require('${name}');`)
    .join('\n');

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

  it('needs the libraries beside it in the versions that they have', () => {
    const { dependencies = {} } = readManifest(libraryFolder);
    const beside = LIBRARIES.map((other) => readManifest(join(ROOT, 'libs', other)));
    const needed = beside.filter(({ name }) => name in dependencies);
    expect(needed.map(({ name }) => dependencies[name])).toEqual(
      needed.map(({ version }) => `^${version}`),
    );
  });

  it('ships its licence and changelog, and no test', async () => {
    const { stdout } = await run('tar', ['-tzf', tarballs.get(library) ?? '']);
    const files = stdout.split('\n');
    expect(files).toEqual(expect.arrayContaining(['package/LICENSE', 'package/CHANGELOG.md']));
    expect(files.filter((file) => /\.(spec|test)\./.test(file))).toEqual([]);
  });

  it('is few files to load, with source maps that lead to the sources beside them', () => {
    const dist = join(libraryFolder, 'dist');
    expect(globSync('**/*.js', { cwd: dist }).length).toBeLessThan(20);
    const maps = globSync('**/*.js.map', { cwd: dist }).map((map) => join(dist, map));
    expect(maps).not.toEqual([]);
    for (const map of maps) {
      const { sources } = JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] };
      expect(sources.filter((source) => !existsSync(join(dirname(map), source)))).toEqual([]);
    }
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

describeEngines('a Nest app with the packed nestjs-jobs', (engine) => {
  const isolation = engine.isolation();
  let app: PackedApp;

  beforeAll(async () => {
    // The driver of this engine alone: another one must not be asked for.
    const extra = [...DRIVERS[engine.name], '@nestjs/terminus'];
    app = await PackedApp.create([...tarballs.values()], extra);
  });

  afterAll(async () => {
    app.remove();
    await engine.cleanup(isolation);
  });

  const options = {
    connection: engine.url,
    ...placeOn(engine.url, isolation),
    shutdownTimeout: 1_000,
  };

  it.each(moduleKinds(NEST_APP))(
    'runs a job and tells its health from %s',
    async (_kind, file, load) => {
      const output = await app.run(file, `${load}\n${nestApp(options)}`);
      expect(JSON.parse(output)).toEqual({
        result: 'Hello Ada',
        state: 'completed',
        health: { jobs: expect.objectContaining({ status: 'up', engine: engine.name }) },
      });
    },
  );
});

describe('a Nest app with the packed nestjs-jobs, no options and no driver', () => {
  let app: PackedApp;

  beforeAll(async () => {
    app = await PackedApp.create([...tarballs.values()], ['@nestjs/terminus']);
  });

  afterAll(() => app.remove());

  it.each(moduleKinds(NEST_APP))(
    'runs a job and tells its health from %s',
    async (_kind, file, load) => {
      writeFileSync(join(app.folder, 'no-drivers.mjs'), noDrivers);
      const nodeOptions = ['--import', './no-drivers.mjs'];
      const output = await app.run(file, `${load}\n${nestApp()}`, nodeOptions);
      expect(JSON.parse(output)).toEqual({
        result: 'Hello Ada',
        state: 'completed',
        health: { jobs: expect.objectContaining({ status: 'up' }) },
      });
      expect(existsSync(join(app.folder, 'data/jobs.sqlite'))).toBe(true);
    },
  );
});

describe('an app with the packed bullmq-sqlite', () => {
  let app: PackedApp;

  beforeAll(async () => {
    app = await PackedApp.create([tarballs.get('bullmq-sqlite') ?? '']);
  });

  afterAll(() => app.remove());

  it.each(moduleKinds(BULLMQ_APP))('runs a job of BullMQ from %s', async (_kind, file, load) => {
    expect(await app.run(file, `${load}\n${bullmqApp}`)).toBe('Hello Ada');
  });
});

const printKinds = `console.log(JSON.stringify(
  Object.fromEntries(Object.entries(lib).map(([name, value]) => [name, typeof value]))));`;

/** As a compiler would write it: decorators are functions, applied to the class. */
const nestApp = (options?: object) => `
class Greeter {
  greet(name) {
    return 'Hello ' + name;
  }
}
Injectable()(Greeter);
const method = Object.getOwnPropertyDescriptor(Greeter.prototype, 'greet');
Job({ queue: 'packed' })(Greeter.prototype, 'greet', method);

class AppModule {}
Module({
  imports: [JobsModule.forRoot(${JSON.stringify(options) ?? ''}), JobsHealthModule],
  providers: [Greeter],
})(AppModule);

async function main() {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'] });
  const job = await app.get(JobScheduler).enqueue(Greeter, (s) => s.greet('Ada'));
  const result = await job.result({ timeout: 10_000 });
  const state = await job.state();
  const health = await app.get(JobsHealthIndicator, { strict: false }).isHealthy('jobs');
  console.log(JSON.stringify({ result, state, health }));
  await app.close();
}
main();`;

const bullmqApp = `
async function main() {
  const connection = sqlite('data/jobs.sqlite');
  const queue = new Queue('packed', { connection }, createSqliteBackend);
  const events = new QueueEvents('packed', { connection }, createSqliteBackend);
  const greet = async ({ data }) => 'Hello ' + data;
  const worker = new Worker('packed', greet, { connection }, createSqliteBackend);
  await events.waitUntilReady();
  const job = await queue.add('greet', 'Ada');
  console.log(await job.waitUntilFinished(events, 10_000));
  await Promise.all([worker.close(), events.close(), queue.close()]);
}
main();`;

/**
 * Loaded first: nobody finds a driver. A packed app links packages of this repository, where BullMQ
 * would find the drivers that the app has not.
 */
const noDrivers = `
import { registerHooks } from 'node:module';
const drivers = new Set(['ioredis', 'pg', 'redis']);
registerHooks({
  resolve(specifier, context, next) {
    if (!drivers.has(specifier)) return next(specifier, context);
    const error = new Error("Cannot find package '" + specifier + "'");
    throw Object.assign(error, { code: 'ERR_MODULE_NOT_FOUND' });
  },
});`;
