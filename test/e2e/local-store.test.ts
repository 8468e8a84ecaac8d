import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { JobsConfigurationError, JobsModule, type JobsModuleOptions } from 'nestjs-jobs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { describeUnless } from '../support/describe-unless.js';
import {
  describeEngines,
  type EngineName,
  ENGINES,
  type Isolation,
  placeOn,
} from '../support/engines.js';
import { startPrivateRedis, whyNoPrivateRedis } from '../support/private-redis.js';

/**
 * A store that one machine has to itself is what nobody expects who starts a second one: the module
 * says so at boot, and refuses a disk that several machines share.
 */
vi.mock('node:fs', async (load) => {
  const original = await load<typeof import('node:fs')>();
  return { ...original, statfsSync: vi.fn<typeof statfsSync>(original.statfsSync) };
});

const ON_THIS_MACHINE = 'on this machine alone';
const IN_MEMORY = 'in memory alone';

/** What statfs(2) of Linux says. */
const NFS = 0x6969;
const SMB2 = 0xfe534d42;

/** Where jobs are stored, in the words of the line. */
const PLACES: Record<EngineName, (url: string, names: Isolation) => string> = {
  redis: (url, { prefix }) => {
    const { hostname, port, pathname } = new URL(url);
    const database = pathname.slice(1) || '0';
    return `Redis at ${hostname}:${port || 6379}, database ${database}, prefix "${prefix}"`;
  },
  postgres: (url, { schema }) => {
    const { hostname, port, pathname } = new URL(url);
    const database = pathname.slice(1);
    return `PostgreSQL at ${hostname}:${port || 5432}, database "${database}", schema "${schema}"`;
  },
  sqlite: (url, { prefix }) =>
    `the SQLite file ${url.replace(/^file:/, '')}, prefix "${prefix}", ${ON_THIS_MACHINE}; for several machines give ` +
    'JobsModule a "connection"',
};

/** Boots an application; the lines that it wrote about its store, by level. */
async function bootLines(options: JobsModuleOptions): Promise<Record<string, string[]>> {
  const lines: Record<string, string[]> = { log: [], debug: [], warn: [], error: [] };
  const keep = (level: string) => (message: unknown) => void lines[level]?.push(String(message));
  const module = await Test.createTestingModule({ imports: [JobsModule.forRoot(options)] })
    .setLogger({
      log: keep('log'),
      debug: keep('debug'),
      warn: keep('warn'),
      error: keep('error'),
    })
    .compile();
  onTestFinished(() => module.close());
  await module.init();
  const isAboutStore = (line: string) =>
    line.includes(ON_THIS_MACHINE) || line.includes(IN_MEMORY) || line.includes('stored in');
  return Object.fromEntries(
    Object.entries(lines).map(([level, all]) => [level, all.filter(isAboutStore)]),
  );
}

describeEngines('a line at boot', (engine) => {
  it('says once where jobs are, and that it is this machine alone where it is', async () => {
    const isolation = engine.isolation();
    onTestFinished(() => engine.cleanup(isolation));
    const lines = await bootLines({ connection: engine.url, ...placeOn(engine.url, isolation) });
    const log = [`Jobs are stored in ${PLACES[engine.name](engine.url, isolation)}`];
    expect(lines).toEqual({ log, debug: [], warn: [], error: [] });
  });
});

it.each([
  ['production', 'warn', 'given no "connection"'],
  ['development', 'log', ON_THIS_MACHINE],
])(
  'the default file is told by its whole path, in %s by a line of the level %s',
  async (env, level, text) => {
    const folder = mkdtempSync(join(tmpdir(), 'jobs-'));
    vi.spyOn(process, 'cwd').mockReturnValue(folder);
    vi.stubEnv('NODE_ENV', env);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      vi.mocked(process.cwd).mockRestore();
      rmSync(folder, { recursive: true, force: true });
    });
    const lines = await bootLines({});
    const told = { log: [], debug: [], warn: [], error: [] };
    expect(lines).toEqual({ ...told, [level]: [expect.stringContaining(text)] });
    expect(lines[level]![0]).toContain(
      `stored in the SQLite file ${join(folder, 'data/jobs.sqlite')},`,
    );
    // Who gives the same file has said where jobs are.
    const given = await bootLines({ connection: 'file:./data/jobs.sqlite' });
    expect(given).toEqual({ ...told, log: [expect.stringContaining(ON_THIS_MACHINE)] });
  },
);

describeUnless(whyNoPrivateRedis(), 'a store that needs a password', () => {
  it('is told without it, and with the database', async () => {
    const server = await startPrivateRedis();
    onTestFinished(() => server.stop());
    const admin = new Redis(server.url);
    await admin.config('SET', 'requirepass', 'hunter2');
    admin.disconnect();
    const { host } = new URL(server.url);
    for (const connection of [
      `redis://:hunter2@${host}/3`,
      { url: `redis://:hunter2@${host}/3` },
    ]) {
      const { log } = await bootLines({ connection });
      expect(log).toEqual([`Jobs are stored in Redis at ${host}, database 3, prefix "jobs"`]);
    }
  });
});

it('jobs in memory are no news, but can be found', async () => {
  const lines = await bootLines({ connection: ':memory:' });
  expect(lines).toEqual({
    log: [],
    debug: [expect.stringContaining(IN_MEMORY)],
    warn: [],
    error: [],
  });
});

it.each([
  ['NFS', NFS],
  ['SMB2', SMB2],
])('a file on %s is refused at boot, with what to choose instead', async (name, type) => {
  const local = ENGINES.find(({ capabilities }) => !capabilities.sharedAcrossMachines)!;
  vi.mocked(statfsSync).mockReturnValueOnce({ type } as ReturnType<typeof statfsSync>);
  const error: unknown = await bootLines({ connection: local.url }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(JobsConfigurationError);
  const { message } = error as Error;
  expect(message).toContain(`got a network file system (${name})`);
  expect(message).toContain('Redis or PostgreSQL');
  // Nothing is kept of the refusal: the same file on a disk of this machine works.
  expect((await bootLines({ connection: local.url })).log).toHaveLength(1);
});
