import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';
import { Worker } from 'bullmq';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { afterEach, expect, it, vi } from 'vitest';
import { describeUnless } from '../../../../../test/support/describe-unless.js';
import { freePort } from '../../../../../test/support/private-server.js';
import {
  startPrivateRedis,
  whyNoPrivateRedis,
  type PrivateRedis,
} from '../../../../../test/support/servers.js';
import type { Engine } from '../../contracts/index.js';
import { StoreUnreachableError } from '../../errors/index.js';
import { resolveOptions, type JobsModuleOptions } from '../../options/index.js';
import { createEngine, QueueRegistry } from '../index.js';

describeUnless(whyNoPrivateRedis(), 'Redis servers of all kinds', () => {
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    vi.restoreAllMocks();
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function start(settings: Record<string, string> = {}): Promise<PrivateRedis> {
    const server = await startPrivateRedis({ settings });
    cleanups.push(() => server.stop());
    return server;
  }

  async function open(options: JobsModuleOptions): Promise<Engine> {
    const engine = createEngine(resolveOptions(options));
    cleanups.push(() => engine.close());
    await engine.connect();
    return engine;
  }

  /** Adds a job, runs it, and uses each part of the store. */
  async function exercise(engine: Engine): Promise<void> {
    const queue = new QueueRegistry(engine).get('q');
    const worker = new Worker(
      'q',
      async () => 'done',
      engine.bullmqOptions,
      engine.backendFactory as never,
    );
    const errors: Error[] = [];
    worker.on('error', (error) => errors.push(error));
    cleanups.push(() => worker.close(true));
    await queue.add('n', {}, { delay: 50 });
    await queue.add('n', {}, { priority: 2 });
    await expect.poll(() => queue.getCompletedCount(), { timeout: 5_000 }).toBe(2);
    const { store } = engine;
    await store.set('k', 'v', 10_000);
    expect([...(await store.entries('k'))]).toEqual([['k', 'v']]);
    expect(await store.acquirePermit('p', 'h', 1, 1_000)).toBe(true);
    expect(await store.releasePermit('p', 'h')).toBe(true);
    const heard: string[] = [];
    await store.subscribe('c', (message) => heard.push(message));
    await store.publish('c', 'hello');
    await expect.poll(() => heard).toEqual(['hello']);
    expect(await store.now()).toBeGreaterThan(0);
    expect(errors).toEqual([]);
  }

  /** A Cluster of one node. */
  async function startCluster(): Promise<{ server: PrivateRedis; admin: Redis }> {
    const server = await start({
      'cluster-enabled': 'yes',
      'cluster-port': String(await freePort()),
      'cluster-announce-ip': '127.0.0.1',
    });
    const admin = new Redis(server.url);
    cleanups.push(() => admin.disconnect());
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    await expect
      .poll(() => admin.call('CLUSTER', 'INFO'), { timeout: 10_000 })
      .toContain('cluster_state:ok');
    return { server, admin };
  }

  it('a Cluster, with all keys in one slot', async () => {
    const { server, admin } = await startCluster();
    const cluster = new Cluster([{ host: '127.0.0.1', port: server.port }]);
    cleanups.push(() => cluster.disconnect());
    const engine = await open({ connection: cluster });
    await exercise(engine);
    const keys = await admin.keys('*');
    expect(keys.length).toBeGreaterThan(5);
    expect(keys.filter((key) => !key.startsWith('{jobs}:'))).toEqual([]);
    await engine.close();
    expect(await cluster.ping()).toBe('PONG');
  });

  /** Of a client that was made for other commands. */
  const FOREIGN: RedisOptions = {
    stringNumbers: true,
    replyMapping: 'resp3',
    commandTimeout: 100,
    blockingTimeout: 100,
    socketTimeout: 100,
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableReadyCheck: false,
    lazyConnect: true,
    readOnly: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    reconnectOnError: () => true,
  };

  it.each<[string, (port: number) => NonNullable<JobsModuleOptions['connection']>]>([
    ['options', (port) => ({ ...FOREIGN, host: '127.0.0.1', port })],
    ['a client', (port) => new Redis({ ...FOREIGN, host: '127.0.0.1', port })],
    [
      'a URL',
      (port) =>
        `redis://127.0.0.1:${port}/2?stringNumbers=true&enableAutoPipelining=true&maxRetriesPerRequest=0&readOnly=1`,
    ],
  ])('leaves the settings of %s to the application', async (_kind, connection) => {
    const server = await start();
    const engine = await open({ connection: connection(server.port) });
    await exercise(engine);
    const errors: Error[] = [];
    const idle = new Worker(
      'idle',
      async () => 'done',
      { ...engine.bullmqOptions, drainDelay: 1 },
      engine.backendFactory as never,
    );
    idle.on('error', (error) => errors.push(error));
    cleanups.push(() => idle.close(true));
    // Longer than a blocking wait, and than each time limit above.
    await pause(1_500);
    expect(errors).toEqual([]);
    await server.restart();
    const queue = new QueueRegistry(engine, () => undefined).get('idle');
    await queue.add('n', {});
    await expect.poll(() => queue.getCompletedCount(), { timeout: 8_000 }).toBe(1);
    await expect.poll(() => engine.store.connected, { timeout: 8_000 }).toBe(true);
  });

  it('leaves the settings of a Cluster client to the application', async () => {
    const { server } = await startCluster();
    const { lazyConnect, enableOfflineQueue, enableAutoPipelining } = FOREIGN;
    const cluster = new Cluster([{ host: '127.0.0.1', port: server.port }], {
      lazyConnect,
      enableOfflineQueue,
      enableAutoPipelining,
      enableReadyCheck: false,
      scaleReads: 'slave',
      maxRedirections: 1,
      clusterRetryStrategy: () => null,
      redisOptions: FOREIGN,
    });
    cleanups.push(() => cluster.disconnect());
    const engine = await open({ connection: cluster });
    await exercise(engine);
    expect(await engine.ping(1_000)).toBeGreaterThan(0);
  });

  it('says what a server is that jobs cannot be stored on', async () => {
    const { server: node } = await startCluster();
    await expect(open({ connection: node.url })).rejects.toThrow(
      /is a node of a Redis Cluster.*new Cluster\(/,
    );
    const primary = await start();
    const replica = await start({ replicaof: `127.0.0.1 ${primary.port}` });
    await expect(open({ connection: replica.url })).rejects.toThrow(
      new RegExp(`is a read-only replica of 127\\.0\\.0\\.1:${primary.port}`),
    );
    const cluster = new Cluster([{ host: '127.0.0.1', port: primary.port }], { lazyConnect: true });
    cleanups.push(() => cluster.disconnect());
    await expect(open({ connection: cluster, connectTimeout: '2 s' })).rejects.toThrow(
      /cluster support disabled/,
    );
  });

  it('an account with few rights, in a database of its own', async () => {
    const server = await start();
    const admin = new Redis(server.url);
    cleanups.push(() => admin.disconnect());
    const rights = '+@read +@write +@connection +@scripting +@pubsub +@transaction +time';
    const scope = '~jobs:* &jobs:* -@dangerous';
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>sécret', ...`${scope} ${rights}`.split(' '));
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const url = `redis://app:${encodeURIComponent('sécret')}@127.0.0.1:${server.port}/3`;
    await exercise(await open({ connection: url }));
    expect(await admin.dbsize()).toBe(0);
  });

  it('says at once, and without the password, that a login is refused', async () => {
    const server = await start();
    const admin = new Redis(server.url);
    cleanups.push(() => admin.disconnect());
    await admin.config('SET', 'requirepass', 'right');
    const started = performance.now();
    const error: unknown = await open({
      connection: `redis://:wrong-secret@127.0.0.1:${server.port}`,
    }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StoreUnreachableError);
    expect(String(error)).toMatch(/WRONGPASS/);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('wrong-secret');
    await expect(
      open({ connection: `redis://:right@127.0.0.1:${server.port}/99` }),
    ).rejects.toThrow('DB index is out of range');
  });

  it('waits for a server that is just starting', async () => {
    const server = await start();
    await server.kill();
    setTimeout(() => void server.restart(), 600);
    const engine = await open({ connection: server.url });
    expect(await engine.ping(1_000)).toBeGreaterThan(0);
  });

  it('goes on when the server comes back', async () => {
    const server = await start();
    const engine = await open({ connection: server.url });
    await exercise(engine);
    await server.kill();
    const queue = new QueueRegistry(engine, () => undefined).get('q');
    const added = queue.add('n', {});
    await expect(engine.ping(200)).rejects.toThrow(StoreUnreachableError);
    await server.restart();
    await added;
    await expect.poll(() => queue.getCompletedCount(), { timeout: 8_000 }).toBe(1);
    await expect.poll(() => engine.store.connected, { timeout: 8_000 }).toBe(true);
  });

  it('closes in no time when the server is away, and lets nobody wait for it', async () => {
    const server = await start();
    const engine = await open({ connection: server.url });
    await engine.store.subscribe('c', () => undefined);
    const errors: unknown[] = [];
    const worker = new Worker(
      'q',
      async () => undefined,
      { ...engine.bullmqOptions, drainDelay: 1 },
      engine.backendFactory as never,
    );
    worker.on('error', (error) => errors.push(error));
    await worker.waitUntilReady();
    const queue = new QueueRegistry(engine).get('q');
    await queue.waitUntilReady();
    await server.kill();
    await pause(300);
    const waiting = Promise.allSettled([queue.add('n', {}), engine.store.get('k')]);
    const closing = worker.close();
    const started = performance.now();
    await engine.close();
    expect(performance.now() - started).toBeLessThan(500);
    for (const { status, reason } of (await waiting) as PromiseRejectedResult[]) {
      expect(status).toBe('rejected');
      expect(engine.isConnectionError(reason)).toBe(true);
    }
    await closing;
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(errors.filter((error) => !engine.isConnectionError(error))).toEqual([]);
  });

  it('warns of a policy that deletes jobs', async () => {
    const warn = vi.spyOn(Logger.prototype, 'warn').mockImplementation(() => undefined);
    const unlimited = await start({ 'maxmemory-policy': 'allkeys-lru' });
    await open({ connection: unlimited.url });
    expect(warn).not.toHaveBeenCalled();
    const limited = await start({ 'maxmemory-policy': 'allkeys-lru', maxmemory: '50mb' });
    await open({ connection: limited.url });
    expect(warn.mock.calls).toEqual([[expect.stringContaining('Set it to "noeviction"')]]);
  });

  describeUnless(whyNoOpenssl(), 'with TLS', () => {
    it('trusts a private CA that is given, and no other', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'nestjs-jobs-tls-'));
      cleanups.push(() => rmSync(folder, { recursive: true }));
      const path = (file: string): string => join(folder, file);
      makeCertificate(folder);
      execFileSync('chmod', ['-R', 'a+rX', folder]);
      const tlsPort = await startOnFreePort((port) =>
        start({
          'tls-port': String(port),
          'tls-cert-file': path('cert.pem'),
          'tls-key-file': path('key.pem'),
          'tls-ca-cert-file': path('cert.pem'),
          'tls-auth-clients': 'no',
        }),
      );
      const ca = readFileSync(path('cert.pem'));
      const engine = await open({
        connection: { host: 'localhost', port: tlsPort, tls: { ca }, password: undefined },
      });
      await exercise(engine);
      const started = performance.now();
      await expect(open({ connection: `rediss://localhost:${tlsPort}` })).rejects.toThrow(
        /self.signed certificate/i,
      );
      expect(performance.now() - started).toBeLessThan(2_000);
    });
  });
});

function whyNoOpenssl(): string | undefined {
  try {
    execFileSync('openssl', ['version']);
    return undefined;
  } catch {
    return 'openssl is not on PATH';
  }
}

function makeCertificate(folder: string): void {
  const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')];
  execFileSync('openssl', [...request, ...subject, ...files], { stdio: 'ignore' });
}

/** A port of whose use nobody can be sure before: another one is tried when it is taken. */
async function startOnFreePort(launch: (port: number) => Promise<unknown>): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      await launch(port);
      return port;
    } catch (error) {
      if (attempt === 3 || !/in use/i.test(String(error))) throw error;
    }
  }
}
