import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { ConnectionClosedError, isNotConnectionError, Queue, QueueEvents, Worker } from 'bullmq';
import { sqlite } from 'bullmq-sqlite';
import { Cluster, Redis } from 'ioredis';
import pg from 'pg';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { describeUnless } from '../../../../test/support/describe-unless.js';
import { describeEngine, describeEngines, engineNamed } from '../../../../test/support/engines.js';
import type { Engine } from '../contracts/index.js';
import {
  JobsConfigurationError,
  MissingDriverError,
  StoreUnreachableError,
} from '../errors/index.js';
import { resolveOptions, type JobsModuleOptions } from '../options/index.js';
import { importDriver } from './import-driver.js';
import {
  createEngine,
  foreignOptions,
  migratePostgres,
  QueueRegistry,
  registerConnection,
  unregisterConnection,
} from './index.js';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

function engineOf(options: JobsModuleOptions): Engine {
  const engine = createEngine(resolveOptions(options));
  cleanups.push(() => engine.close());
  return engine;
}

function failureOf(options: JobsModuleOptions): Error {
  try {
    engineOf(options);
  } catch (error) {
    return error as Error;
  }
  throw new Error('not refused');
}

function lazyCluster(redisOptions = {}): Cluster {
  return new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true, redisOptions });
}

describe('picking an engine', () => {
  it.each<[string, JobsModuleOptions['connection'], string]>([
    ['redis', 'redis://user:secret@example.test', 'example.test:6379'],
    ['redis', 'rediss://example.test:7000/2', 'example.test:7000'],
    ['redis', { host: 'example.test', password: 'secret' }, 'example.test:6379'],
    ['redis', { port: 7001 }, 'localhost:7001'],
    ['redis', { path: '/run/redis.sock' }, '/run/redis.sock'],
    ['redis', { sentinels: [{ host: 's1' }], name: 'm' }, 'm by sentinels s1:26379'],
    ['postgres', 'postgres://user:secret@example.test/db', 'example.test:5432'],
    ['postgres', 'postgresql://example.test:7002/db', 'example.test:7002'],
    ['postgres', { connectionString: 'postgres://u:secret@h:1/db' }, 'h:1'],
    ['postgres', { database: 'db', host: 'example.test' }, 'example.test:5432'],
    ['postgres', 'postgres:///db?host=example.test&port=5999', 'example.test:5999'],
    ['postgres', 'postgres://h:1/db?host=example.test&port=5999', 'example.test:5999'],
    ['postgres', ' postgres://example.test/db\n', 'example.test:5432'],
    ['redis', ' redis://example.test\n', 'example.test:6379'],
    ['redis', { path: '/run/redis@1.sock' }, '/run/redis@1.sock'],
    ['sqlite', './jobs.db\n', resolve('jobs.db')],
    ['sqlite', undefined, resolve('data/jobs.sqlite')],
    ['sqlite', 'file:./some/jobs', resolve('some/jobs')],
    ['sqlite', 'file:///some/jobs.db', '/some/jobs.db'],
    ['sqlite', './jobs.db', resolve('jobs.db')],
    ['sqlite', 'C.sqlite', resolve('C.sqlite')],
    ['sqlite', ':memory:', ':memory:'],
    ['sqlite', sqlite('jobs'), resolve('jobs')],
    ['sqlite', sqlite(':memory:'), ':memory:'],
  ])('%s for %o', (name, connection, address) => {
    const engine = createEngine(resolveOptions({ connection }));
    expect([engine.name, engine.address]).toEqual([name, address]);
    expect(inspect(engine.bullmqOptions)).not.toContain('secret');
  });

  it('takes clients and pools', async () => {
    const redis = new Redis({ lazyConnect: true, host: 'r', port: 1 });
    const pool = new pg.Pool({ host: 'p', port: 2 });
    expect(createEngine(resolveOptions({ connection: redis })).address).toBe('r:1');
    expect(createEngine(resolveOptions({ connection: pool })).address).toBe('p:2');
    await pool.end();
  });

  it.each<[unknown, string]>([
    ['mysql://root:secret@h/db', 'a URL with "mysql:"'],
    ['redis', 'a string that is no URL'],
    ['./jobs', 'a string that is no URL'],
    ['mysql://h/jobs.db', 'a URL with "mysql:"'],
    [{}, 'an empty object'],
    [{ user: 'u', password: 'secret' }, 'an object with user, password'],
    [new pg.Client({ password: 'secret' }), 'an instance of Client'],
    [new Map(), 'an instance of Map'],
  ])('refuses %s', (connection, got) => {
    const options = { ...resolveOptions({ connection: 'redis://h' }), connection } as never;
    expect(() => createEngine(options)).toThrow(JobsConfigurationError);
    expect(() => createEngine(options)).toThrow(`got ${got}`);
    expect(() => createEngine(options)).not.toThrow('secret');
  });

  it.each([
    'redis://:s3cret@ho st:6379',
    'redis:s3cret@host:6379',
    'redis://:s3cret%@host:6379',
    'redis://user:s3cret@host:port',
    'redis://user:6379/s3cret@host',
    'redis://s3cret/x@host',
  ])('refuses the malformed %s without repeating it', (url) => {
    for (const connection of [url, { url }]) {
      const error = failureOf({ connection });
      expect(error).toBeInstanceOf(JobsConfigurationError);
      expect(error.message).toContain(typeof connection === 'string' ? '"connection"' : '.url"');
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cret');
    }
  });

  it.each([
    ['file:', '"file:"'],
    ['file:jobs.sqlite?mode=s3cret', '"file:jobs.sqlite?mode=***"'],
    ['file:a\0b', JSON.stringify('file:a\0b')],
  ])('refuses the file %j', (connection, shown) => {
    const error = failureOf({ connection });
    expect(error).toBeInstanceOf(JobsConfigurationError);
    expect(error.message).toContain(shown);
    expect(error.message).not.toContain('s3cret');
  });

  it.each([
    ['u:s3cret@127.0.0.1/jobs.db', 'redis://'],
    ['//u:s3cret@h/jobs.db', 'redis://'],
    ['u:s3cret@127.0.0.1:6379', 'redis://'],
    ['host=h password=s3cret dbname=x.db', 'postgres://user:password@host:5432/database'],
    ["dbname='a b' host=h.db", 'postgres://user:password@host:5432/database'],
  ])('takes %s for no file, and says what to write', (connection, remedy) => {
    for (const option of ['connection', 'directConnection']) {
      const error = failureOf({ connection: 'postgres://h', [option]: connection });
      expect(error).toBeInstanceOf(JobsConfigurationError);
      expect(error.message).toContain(`"${option}"`);
      expect(error.message).toContain(remedy);
      expect(inspect(error, { depth: 10, showHidden: true })).not.toMatch(/s3cret|u:/);
    }
  });

  it.each<[string, () => JobsModuleOptions['connection']]>([
    ['host', () => ({ host: 'redis://u:s3cret@h' })],
    ['host', () => ({ host: 'u:s3cret@h' })],
    ['path', () => ({ path: 'redis://u:s3cret@h' })],
    ['host', () => new Redis({ lazyConnect: true, host: 'redis://u:s3cret@h' })],
    ['host', () => ({ host: 's3cret@h' })],
    ['port', () => ({ host: 'h', port: 'redis://u:s3cret@h' as never })],
    ['port', () => ({ host: 'h', port: 's3cret' as never })],
    ['port', () => ({ host: 'h', port: 99_999 })],
    ['port', () => ({ host: 'h', port: 0 })],
    ['port', () => new Redis({ lazyConnect: true, port: 'redis://u:s3cret@h' as never })],
    ['db', () => ({ host: 'h', db: 'redis://u:s3cret@h' as never })],
    ['username', () => ({ host: 'h', username: 'u:s3cret@h' })],
    ['name', () => ({ sentinels: [{ host: 'h' }], name: 'u:s3cret@x' })],
    ['sentinels', () => ({ sentinels: ['redis://u:s3cret@h'] as never, name: 'm' })],
    ['sentinels', () => ({ sentinels: 'redis://u:s3cret@h' as never, name: 'm' })],
    ['sentinels[1].port', () => ({ sentinels: [{ host: 'h' }, { host: 'i', port: 99_999 }] })],
    ['sentinels[0].host', () => ({ sentinels: [{ host: 'redis://u:s3cret@h' }], name: 'm' })],
    ['host', () => ({ database: 'db', host: 'postgres://u:s3cret@h' })],
    ['database', () => ({ database: 'postgres://u:s3cret@h/db' })],
    ['host', () => new pg.Pool({ host: 'postgres://u:s3cret@h' })],
    ['port', () => ({ database: 'db', port: 'postgres://u:s3cret@h' as never })],
    ['port', () => ({ database: 'db', port: 99_999 })],
    ['user', () => ({ database: 'db', user: 'postgres://u:s3cret@h' })],
    ['user', () => new pg.Pool({ user: 'postgres://u:s3cret@h' })],
    ['connectionString', () => ({ connectionString: 'host=h password=s3cret dbname=x' })],
    ['connectionString', () => ({ connectionString: 'u:s3cret@h/db' })],
    ['connectionString', () => ({ connectionString: 'postgres://s3cret/x@h/db' })],
  ])('refuses an address as %s', (option, connection) => {
    const error = failureOf({ connection: connection() });
    expect(error).toBeInstanceOf(JobsConfigurationError);
    expect(error.message).toContain(`"connection.${option}" expected`);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cret');
  });

  it.each([
    ['user', 'postgres://h/db?user=root:s3cret@h'],
    ['user', 'postgres://root%3As3cret%40h@h/db'],
    ['port', 'postgres://h/db?port=postgres://u:s3cret@h'],
    ['host', 'postgres://h/db?host=u:s3cret@h'],
    ['database', 'postgres://h/postgres%3A%2F%2Fu%3As3cret%40h'],
    ['username', 'redis://u%3As3cret%40h@h'],
    ['name', 'redis://h?name=u:s3cret@h'],
  ])('refuses an address as the %s in %s', (part, connection) => {
    const error = failureOf({ connection });
    expect(error).toBeInstanceOf(JobsConfigurationError);
    expect(error.message).toContain(`the ${part} in "connection" expected`);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cret');
  });

  it.each<[string, unknown]>([
    ['a name', { 'redis://u:s3cret@h': 1 }],
    ['a symbol', Symbol('redis://u:s3cret@h')],
    ['a list', ['redis://u:s3cret@h']],
  ])('does not repeat an address as %s', (_kind, connection) => {
    const refused = vi.fn<() => unknown>(() => engineOf({ connection: connection as never }));
    expect(refused).toThrow(JobsConfigurationError);
    expect(inspect(refused.mock.results, { depth: 10, showHidden: true })).not.toContain('s3cret');
  });

  it.each<JobsModuleOptions['connection']>([
    { host: 'h', port: '6379' as never, db: '1' as never, username: 'user@tenant' },
    { host: '::1', port: 65_535 },
    { path: '/var/run/redis.sock' },
    { sentinels: [{ host: 'h', port: 26_379 }], name: 'primary' },
    { database: 'db', host: '/var/run/postgresql', port: '5432' as never, user: 'user@server' },
    'postgres://user%40server@h/db?host=/var/run/postgresql',
  ])('takes %o', (connection) => {
    expect(() => engineOf({ connection })).not.toThrow();
  });

  it('has one fault for each option that is null', () => {
    const options = { connection: ':memory:', schema: null, migrate: null } as never;
    expect(() => resolveOptions(options, foreignOptions)).toThrow('(2 problems)');
    expect(() => resolveOptions({ connection: null } as never)).toThrow('got null');
  });

  it.each(['user:s3cret@host', 'localhost:6379', 6379])('refuses %s as a url', (url) => {
    const error = failureOf({ connection: { url } });
    expect(error).toBeInstanceOf(JobsConfigurationError);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cret');
  });

  it.each<[string, () => JobsModuleOptions['connection']]>([
    ['options', () => ({ host: 'h', keyPrefix: 'app:' })],
    ['options with a url', () => ({ url: 'redis://h', keyPrefix: 'app:' })],
    ['a url', () => 'redis://h?keyPrefix=app:'],
    ['a client', () => new Redis({ lazyConnect: true, keyPrefix: 'app:' })],
    ['a Cluster', () => lazyCluster({ keyPrefix: 'app:' })],
  ])('refuses the keyPrefix of ioredis in %s', (_kind, connection) => {
    const error = failureOf({ connection: connection() });
    expect(error).toBeInstanceOf(JobsConfigurationError);
    expect(error.message).toMatch(/"keyPrefix"[^]*Use the option "prefix"/);
  });

  it.each(['a{b', '{}', 'a{}b', '{a}{b}', '{{a}}', 'a}b', '{a}b}'])(
    'refuses the prefix %s, which may give no hash tag, on a Cluster alone',
    (prefix) => {
      const error = failureOf({ connection: lazyCluster(), prefix });
      expect(error).toBeInstanceOf(JobsConfigurationError);
      expect(error.message).toContain(`got "${prefix}"`);
      expect(engineOf({ connection: 'redis://h', prefix }).bullmqOptions).toMatchObject({ prefix });
    },
  );

  it.each([
    ['app', '{app}'],
    ['{app}', '{app}'],
    ['a:{app}:b', 'a:{app}:b'],
  ])('takes the prefix %s on a Cluster as %s', (prefix, expected) => {
    const engine = engineOf({ connection: lazyCluster(), prefix });
    expect(engine.bullmqOptions).toMatchObject({ prefix: expected });
  });

  it('names the package of a driver that is not installed', async () => {
    const missing = Object.assign(new Error("Cannot find package 'pg' imported from x.js"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    const load = (error: Error) => importDriver('postgres', 'pg', () => Promise.reject(error));
    await expect(load(missing)).rejects.toThrow(MissingDriverError);
    await expect(load(missing)).rejects.toThrow('npm install pg');
    // The driver's own dependency is missing: another matter.
    const broken = Object.assign(new Error("Cannot find package 'pg-pool'"), {
      code: 'ERR_MODULE_NOT_FOUND',
    });
    await expect(load(broken)).rejects.toBe(broken);
  });
});

it.each<JobsModuleOptions['connection']>([
  new Cluster([{ host: 'u:s3cret@h', port: 1 }], { lazyConnect: true }),
  { database: 'db', host: 'h', password: () => Promise.reject(new Error('postgres://u:s3cret@h')) },
  { database: 'db', host: '127.0.0.1', port: 1, options: '-c postgres://u:s3cret@h=1' },
])('repeats no address of %o when it cannot connect', async (connection) => {
  const error: unknown = await engineOf({ connection, connectTimeout: 500 })
    .connect()
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreUnreachableError);
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cret');
});

it('says at once that PGPORT is none, and throws nothing later', async () => {
  vi.stubEnv('PGPORT', '99999');
  cleanups.push(() => vi.unstubAllEnvs());
  const started = performance.now();
  const connecting = engineOf({ connection: { database: 'db' }, connectTimeout: 900 }).connect();
  await expect(connecting).rejects.toThrow(StoreUnreachableError);
  expect(performance.now() - started).toBeLessThan(600);
  // The driver's own timer goes on; what it throws then fails this file.
  await pause(1_000);
});

describe.each(['redis', 'postgres'])('%s at boot', (protocol) => {
  async function failure(connection: string, connectTimeout = 700): Promise<StoreUnreachableError> {
    const started = performance.now();
    const error = await engineOf({ connection, connectTimeout })
      .connect()
      .then(
        () => undefined,
        (reason: unknown) => reason,
      );
    expect(error).toBeInstanceOf(StoreUnreachableError);
    expect(performance.now() - started).toBeLessThan(connectTimeout + 500);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('secret');
    return error as StoreUnreachableError;
  }

  async function listen(onConnection: (server: Server) => void = () => undefined): Promise<number> {
    const server = createServer(() => onConnection(server));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  it('says that nobody listens there', async () => {
    const error = await failure(`${protocol}://user:secret@127.0.0.1:1/0`);
    expect(error.message).toContain(`the ${protocol} store at 127.0.0.1:1: `);
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('says that the server does not answer', async () => {
    const port = await listen();
    const error = await failure(`${protocol}://user:secret@127.0.0.1:${port}/0`);
    expect(error.address).toBe(`127.0.0.1:${port}`);
  });

  it('says that the host is unknown', async () => {
    const error = await failure(`${protocol}://user:secret@no-such-host.invalid/0`, 1_500);
    expect(error.message).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  it('cannot be used before it is connected, nor when it is closed', async () => {
    const engine = engineOf({ connection: `${protocol}://127.0.0.1:1` });
    expect(() => new QueueRegistry(engine).get('q')).toThrow('not connected yet');
    await engine.close();
    expect(() => new QueueRegistry(engine).get('q')).toThrow('the engine is closed');
    await engine.close();
  });
});

describeEngines('an engine', (fixture) => {
  const names = fixture.isolation();

  async function open(overrides: JobsModuleOptions = {}): Promise<Engine> {
    const engine = engineOf({ connection: fixture.url, ...names, ...overrides });
    cleanups.push(() => fixture.cleanup(names));
    await engine.connect();
    return engine;
  }

  it('is reached by a ping within its time, and can what it says', async () => {
    const engine = await open();
    expect(engine.capabilities).toEqual(fixture.capabilities);
    expect(engine.transactionBackend !== undefined).toBe(engine.capabilities.transactionalEnqueue);
    expect(await engine.ping(1_000)).toBeGreaterThan(0);
    await engine.connect();
  });

  it('serves classes that are constructed with its connection alone', async () => {
    const engine = await open();
    const options = { connection: engine.bullmqOptions.connection };
    const name = `q-${randomUUID()}`;
    const queue = new Queue(name, options);
    const worker = new Worker(name, async () => 'done', options);
    const events = new QueueEvents(name, options);
    cleanups.push(() => Promise.all([worker.close(), events.close(), queue.close()]));
    await events.waitUntilReady();
    const job = await queue.add('n', {});
    expect(await job.waitUntilFinished(events, 5_000)).toBe('done');
    const own = new QueueRegistry(engine);
    expect(await own.get(name).getCompletedCount()).toBe(1);
    expect(queue.getBackend().constructor.name).toMatch(/^Safe/);
  });

  it('gives the same queue for a name, and closes all', async () => {
    const engine = await open();
    const registry = new QueueRegistry(engine);
    expect(registry.get('a')).toBe(registry.get('a'));
    registry.get('b');
    expect(registry.names()).toEqual(['a', 'b']);
    await registry.close();
    await registry.close();
    expect(await engine.ping(1_000)).toBeGreaterThan(0);
  });

  it('tells connection errors from others', async () => {
    const engine = await open();
    const withCode = (code: string): Error => Object.assign(new Error('e'), { code });
    const { sharedAcrossMachines: hasSockets } = engine.capabilities;
    for (const error of [withCode('ECONNRESET'), withCode('EPIPE')]) {
      expect(engine.isConnectionError(error)).toBe(hasSockets);
    }
    expect(engine.isConnectionError(new ConnectionClosedError())).toBe(true);
    for (const error of [new Error('Invalid order'), withCode('23505'), 'text', null]) {
      expect(engine.isConnectionError(error)).toBe(false);
    }
  });

  it('that is closed is a lost connection to workers that are left behind', async () => {
    const engine = await open();
    const name = `q-${randomUUID()}`;
    const errors: Error[] = [];
    const workers = ['idle', 'busy'].map((kind) => {
      const worker = new Worker(`${name}-${kind}`, () => pause(kind === 'busy' ? 20 : 0), {
        connection: engine.bullmqOptions.connection,
      });
      worker.on('error', (error) => errors.push(error));
      return worker;
    });
    cleanups.push(() => Promise.all(workers.map((worker) => worker.close(true))));
    const queue = new Queue(`${name}-busy`, engine.bullmqOptions);
    queue.on('error', () => undefined);
    await queue.addBulk(Array.from({ length: 50 }, () => ({ name: 'n', data: {} })));
    await Promise.all(workers.map((worker) => worker.waitUntilReady()));
    await expect.poll(() => queue.getCompletedCount()).toBeGreaterThan(2);
    const backend = (workers[1] as unknown as { backend: { moveToActive(token: string): unknown } })
      .backend;
    const claims = vi.spyOn(backend, 'moveToActive');
    await engine.close();
    claims.mockClear();
    await pause(700);
    expect(claims.mock.calls.length).toBeLessThan(3);
    expect(errors.length).toBeLessThan(3);
    const claim = Promise.resolve(backend.moveToActive('t'));
    const failure: unknown = await claim.catch((error: unknown) => error);
    expect(isNotConnectionError(failure as Error)).toBe(false);
  });

  it('can be opened by a whole fleet at once', async () => {
    const engines = await Promise.all(Array.from({ length: 6 }, () => open()));
    const stores = await Promise.all(engines.map(({ store }) => store.now()));
    expect(stores).toHaveLength(6);
  });
});

const redis = engineNamed('redis');
const postgres = engineNamed('postgres');
const missing = [redis, postgres].find(({ available }) => !available);

describeUnless(missing?.reason, 'two engines in one process', () => {
  it('keep their jobs apart, whoever constructs the queues', async () => {
    const engines = await Promise.all(
      [redis, postgres].map(async (fixture) => {
        const names = fixture.isolation();
        const engine = engineOf({ connection: fixture.url, ...names });
        cleanups.push(() => fixture.cleanup(names));
        await engine.connect();
        return engine;
      }),
    );
    const name = `q-${randomUUID()}`;
    const queues = engines.map(({ bullmqOptions }) => new Queue(name, bullmqOptions));
    cleanups.push(() => Promise.all(queues.map((queue) => queue.close())));
    await queues[0]?.add('on redis', {});
    await queues[1]?.addBulk([
      { name: 'on postgres', data: {} },
      { name: 'on postgres', data: {} },
    ]);
    expect(await Promise.all(queues.map((queue) => queue.count()))).toEqual([1, 2]);
  });

  it('leave other connections to the default that was there', async () => {
    const factory = () => {
      throw new Error('own factory');
    };
    const connection = {};
    registerConnection(connection, factory);
    expect(() => new Queue('q', { connection })).toThrow('own factory');
    unregisterConnection(connection);
    const { hostname: host, port } = new URL(redis.url);
    const other = new Queue(`q-${randomUUID()}`, { connection: { host, port: Number(port) } });
    cleanups.push(async () => {
      await other.obliterate({ force: true });
      await other.close();
    });
    expect(other.getBackend().constructor.name).toBe('RedisQueueBackend');
    await other.waitUntilReady();
  });
});

describeEngine(redis, "a Redis client of the application's", () => {
  it('lends its options and stays as it is', async () => {
    const names = redis.isolation();
    const client = new Redis(redis.url, { maxRetriesPerRequest: 3 });
    cleanups.push(() => client.disconnect());
    const engine = engineOf({ connection: client, ...names });
    cleanups.push(() => redis.cleanup(names));
    await engine.connect();
    await new QueueRegistry(engine).get('q').add('n', {});
    await engine.close();
    expect(await client.ping()).toBe('PONG');
    expect(client.options.maxRetriesPerRequest).toBe(3);
  });
});

describeEngine(postgres, "a PostgreSQL pool of the application's", () => {
  it('lends its options and stays as it is', async () => {
    const names = postgres.isolation();
    const pool = new pg.Pool({ connectionString: postgres.url, max: 3 });
    cleanups.push(() => pool.end());
    const engine = engineOf({ connection: pool, ...names });
    cleanups.push(() => postgres.cleanup(names));
    await engine.connect();
    await new QueueRegistry(engine).get('q').add('n', {});
    await engine.close();
    const { rows } = await pool.query('SHOW search_path');
    expect(rows[0].search_path).not.toContain(names.schema);
    expect(pool.totalCount).toBe(1);
  });
});

describeEngine(postgres, 'the tables on PostgreSQL', () => {
  it('are not created with migrate: false, but by a deploy step', async () => {
    const names = postgres.isolation();
    const options = { connection: postgres.url, ...names, migrate: false };
    cleanups.push(() => postgres.cleanup(names));
    await expect(engineOf(options).connect()).rejects.toThrow(
      `migratePostgres(connection, { schema: '${names.schema}' })`,
    );
    await migratePostgres(postgres.url, { schema: names.schema });
    await migratePostgres(postgres.url, { schema: names.schema });
    const engine = engineOf(options);
    await engine.connect();
    expect(await engine.store.get('k')).toBeUndefined();
  });

  it('are found by an address that brings options of its own', async () => {
    const names = postgres.isolation();
    const url = new URL(postgres.url);
    url.searchParams.set('options', '-c search_path=public -c statement_timeout=60000');
    cleanups.push(() => postgres.cleanup(names));
    const engine = engineOf({ connection: url.href, ...names });
    await engine.connect();
    const queue = new QueueRegistry(engine).get('q');
    await queue.add('n', {});
    expect(await queue.getWaitingCount()).toBe(1);
  });
});
