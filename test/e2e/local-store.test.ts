import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Test } from '@nestjs/testing';
import { JobsConfigurationError, JobsModule, type JobsModuleOptions } from 'nestjs-jobs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { describeEngines, ENGINES } from '../support/engines.js';

/**
 * A store that one machine has to itself is what nobody expects who starts a second one: the module says so
 * at boot, and refuses a disk that several machines share.
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
  it('says once that jobs live on this machine alone, where they do', async () => {
    const isolation = engine.isolation();
    onTestFinished(() => engine.cleanup(isolation));
    const lines = await bootLines({ connection: engine.url, ...isolation });
    const file = engine.url.replace(/^file:/, '');
    const told = [
      `Jobs are stored in ${file}, ${ON_THIS_MACHINE}; for several machines give JobsModule a "connection"`,
    ];
    const log = engine.capabilities.sharedAcrossMachines ? [] : told;
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
    expect(lines[level]![0]).toContain(`stored in ${join(folder, 'data/jobs.sqlite')},`);
    // Who gives the same file has said where jobs are.
    const given = await bootLines({ connection: 'file:./data/jobs.sqlite' });
    expect(given).toEqual({ ...told, log: [expect.stringContaining(ON_THIS_MACHINE)] });
  },
);

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
