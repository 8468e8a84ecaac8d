import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  Job,
  JobScheduler,
  JobsConfigurationError,
  JobsModule,
  StoreUnreachableError,
  type JobsModuleOptions,
  type JobsOptionsFactory,
} from 'nestjs-jobs';
import { createServer, type AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { describeEngines, placeOn } from '../support/engines.js';

@Injectable()
class Work {
  @Job()
  run(): string {
    return 'ran';
  }
}

const boot = (
  module: ReturnType<typeof JobsModule.forRoot>,
  providers: never[] | (typeof Work)[] = [Work],
) =>
  Test.createTestingModule({ imports: [module], providers })
    .setLogger(false as never)
    .compile();

it('reports every fault of the options at once, without passwords', async () => {
  const options = {
    connection: 'redis//user:hunter2@nowhere',
    prefx: 'x',
    queues: { 'bad name': { concurency: 3 } },
    defaults: { attempts: 0 },
    lock: { duration: 'soon' },
  } as unknown as JobsModuleOptions;
  const error = await boot(JobsModule.forRoot(options)).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(JobsConfigurationError);
  const { message, problems } = error as JobsConfigurationError;
  expect(problems.length).toBeGreaterThanOrEqual(5);
  expect(message).toContain('did you mean "prefix"?');
  expect(message).toContain('did you mean "concurrency"?');
  expect(message).not.toContain('hunter2');
});

it.each([null, 5, 'redis://u:hunter2@h'])('reports %j in place of options', async (given) => {
  const start = async () => boot(JobsModule.forRoot(given as never));
  const error = await start().catch((e: unknown) => e);
  expect(error).toBeInstanceOf(JobsConfigurationError);
  const { message } = error as JobsConfigurationError;
  expect(message).toContain('expected an options object, got');
  expect(message).not.toContain('hunter2');
});

const PLACES: Record<string, string> = {
  redis: 'redis://u:hunter2@h',
  postgres: 'postgres://u:hunter2@h/db',
  sqlite: ':memory:',
};

it.each<[engine: string, options: JobsModuleOptions, says: readonly RegExp[]]>([
  ['postgres', { prefix: 'app' }, [/"prefix" is not for PostgreSQL.*"schema"/]],
  ['redis', { schema: 'app' }, [/"schema" is not for Redis.*"prefix"/]],
  ['redis', { migrate: false }, [/"migrate" is not for Redis/]],
  [
    'redis',
    { directConnection: 'postgres://u:hunter2@h' },
    [/"directConnection" is not for Redis/],
  ],
  [
    'sqlite',
    { schema: 'app', migrate: true },
    [/"schema" is not for SQLite.*"prefix"/, /"migrate"/],
  ],
  [
    'postgres',
    { prefix: 'app', prefx: 'x', shutdownTimeout: 'soon' } as JobsModuleOptions,
    [/unknown option "prefx"/, /"shutdownTimeout"/, /"prefix" is not for PostgreSQL/],
  ],
])('refuses on %s, with all other faults, what is for another store: %j', async (...row) => {
  const [engine, options, says] = row;
  const given = { connection: PLACES[engine], ...options };
  for (const module of [
    JobsModule.forRoot(given),
    JobsModule.forRootAsync({ useFactory: () => given }),
  ]) {
    const error = await boot(module).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(JobsConfigurationError);
    const { message, problems } = error as JobsConfigurationError;
    expect(problems).toHaveLength(says.length);
    for (const line of says) expect(message).toMatch(line);
    expect(message).not.toContain('hunter2');
  }
});

it.each(['redis', 'postgres'])(
  'names host and port of an unreachable %s, never the password',
  async (scheme) => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const connection = `${scheme}://user:hunter2@127.0.0.1:${port}/0`;
    const error = await boot(JobsModule.forRoot({ connection, connectTimeout: 1_000 })).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(StoreUnreachableError);
    expect((error as Error).message).toContain(`127.0.0.1:${port}`);
    expect((error as Error).message).not.toContain('hunter2');
  },
);

it.each(['redis', 'postgres'])(
  'does not hang on a %s that accepts and never answers',
  async (scheme) => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    const connection = `${scheme}://127.0.0.1:${port}/0`;
    const startedAt = performance.now();
    const error = await boot(JobsModule.forRoot({ connection, connectTimeout: 500 })).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(StoreUnreachableError);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    server.close();
  },
);

describeEngines('forRootAsync', (engine) => {
  const options = () => {
    const isolation = engine.isolation();
    return {
      isolation,
      given: { connection: engine.url, ...placeOn(engine.url, isolation) },
    };
  };

  @Injectable()
  class Factory implements JobsOptionsFactory {
    static given: JobsModuleOptions;
    createJobsOptions(): JobsModuleOptions {
      return Factory.given;
    }
  }

  it.each([
    ['useFactory', (given: JobsModuleOptions) => ({ useFactory: async () => given })],
    [
      'useFactory with inject',
      (given: JobsModuleOptions) => ({
        imports: [
          {
            module: class ConfigModule {},
            providers: [{ provide: 'CONFIG', useValue: given }],
            exports: ['CONFIG'],
          },
        ],
        useFactory: (config: JobsModuleOptions) => config,
        inject: ['CONFIG'],
      }),
    ],
    ['useClass', () => ({ useClass: Factory })],
  ])('takes %s', async (_name, make) => {
    const { given, isolation } = options();
    Factory.given = given;
    const app = await boot(JobsModule.forRootAsync(make(given)));
    await app.init();
    const handle = await app.get(JobScheduler).enqueue(Work, (s) => s.run());
    expect(await handle.result()).toBe('ran');
    await app.close();
    await engine.cleanup(isolation);
  });
});
