import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'bullmq';
import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { describeUnless } from '../../../../../test/support/describe-unless.js';
import {
  startPrivatePostgres,
  whyNoPrivatePostgres,
  type PrivatePostgres,
} from '../../../../../test/support/servers.js';
import type { Engine } from '../../contracts/index.js';
import { StoreUnreachableError } from '../../errors/index.js';
import { resolveOptions, type JobsModuleOptions } from '../../options/index.js';
import { createEngine, migratePostgres, QueueRegistry } from '../index.js';

describeUnless(whyNoPrivatePostgres(), 'PostgreSQL servers that come and go', () => {
  const cleanups: (() => unknown)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  async function start(): Promise<PrivatePostgres> {
    const server = await startPrivatePostgres();
    cleanups.push(() => server.stop());
    return server;
  }

  async function open(options: JobsModuleOptions): Promise<Engine> {
    const engine = createEngine(resolveOptions(options));
    cleanups.push(() => engine.close());
    await engine.connect();
    return engine;
  }

  it('recovers from a crash of the server, losing and repeating nothing', async () => {
    const server = await start();
    const engine = await open({ connection: server.url });
    const queue = new QueueRegistry(engine).get('q');
    const total = 200;
    await queue.addBulk(Array.from({ length: total }, (_, i) => ({ name: 'n', data: { i } })));
    const runs = new Map<string, number>();
    const worker = new Worker(
      'q',
      async ({ id }) => {
        runs.set(id!, (runs.get(id!) ?? 0) + 1);
        await pause(20);
      },
      { ...engine.bullmqOptions, concurrency: 5, runRetryDelay: 300 },
      engine.backendFactory as never,
    );
    const errors: Error[] = [];
    worker.on('error', (error) => errors.push(error));
    cleanups.push(() => worker.close(true));
    const heard: string[] = [];
    await engine.store.subscribe('c', (message) => heard.push(message));
    await expect.poll(() => runs.size).toBeGreaterThan(20);
    await server.stopImmediate();
    await expect(engine.ping(2_000)).rejects.toSatisfy((error) => engine.isConnectionError(error));
    await expect(queue.add('n', {})).rejects.toSatisfy((error) => engine.isConnectionError(error));
    await pause(1_000);
    await server.restart();
    await expect
      .poll(() => queue.getJobCounts('completed', 'failed', 'active', 'waiting').catch(String), {
        timeout: 15_000,
      })
      .toEqual({ completed: total, failed: 0, active: 0, waiting: 0 });
    expect([...runs.values()].filter((count) => count > 1)).toEqual([]);
    expect(errors.filter((error) => !engine.isConnectionError(error))).toEqual([]);
    await expect.poll(() => engine.store.connected, { timeout: 8_000 }).toBe(true);
    await engine.store.publish('c', 'hello');
    await expect.poll(() => heard).toEqual(['hello']);
  }, 40_000);

  it('waits for a server that is just starting', async () => {
    const server = await start();
    await server.stopImmediate();
    setTimeout(() => void server.restart(), 600);
    const engine = await open({ connection: server.url });
    expect(await engine.ping(1_000)).toBeGreaterThan(0);
  });

  it('closes in no time when the server is away', async () => {
    const server = await start();
    const engine = await open({ connection: server.url });
    await engine.store.subscribe('c', () => undefined);
    await server.stopImmediate();
    const started = performance.now();
    await engine.close();
    expect(performance.now() - started).toBeLessThan(1_500);
  });

  it('says at once that a database or a role does not exist', async () => {
    const server = await start();
    for (const [url, reason] of [
      [server.url.replace(/\/postgres$/, '/nowhere'), 'database "nowhere" does not exist'],
      [server.url.replace('//postgres@', '//nobody:secret@'), 'role "nobody" does not exist'],
    ] as const) {
      const started = performance.now();
      const error: unknown = await open({ connection: url }).catch((cause: unknown) => cause);
      expect(error).toBeInstanceOf(StoreUnreachableError);
      expect(String(error)).toContain(reason);
      expect(String(error)).not.toContain('secret');
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });

  it('needs no right to create schemas where its own is there', async () => {
    const server = await start();
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    cleanups.push(() => admin.end());
    await admin.query(`
      CREATE ROLE app LOGIN;
      CREATE ROLE deploy LOGIN;
      CREATE SCHEMA shop AUTHORIZATION app;
      CREATE SCHEMA "Other" AUTHORIZATION deploy`);
    const url = server.url.replace('//postgres@', '//app@');
    const engine = await open({ connection: url, schema: 'shop' });
    const queue = new QueueRegistry(engine).get('q');
    await queue.add('n', {});
    expect(await queue.getWaitingCount()).toBe(1);
    const deploy = server.url.replace('//postgres@', '//deploy@');
    await expect(migratePostgres(deploy, { schema: 'Other' })).resolves.toBeUndefined();
  });

  it('needs no rights to create once the tables are there', async () => {
    const server = await start();
    await migratePostgres(server.url, { schema: 'shop' });
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    cleanups.push(() => admin.end());
    await admin.query(`
      CREATE ROLE app LOGIN;
      GRANT USAGE ON SCHEMA shop TO app;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA shop TO app;
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA shop TO app`);
    const url = server.url.replace('//postgres@', '//app@');
    const engine = await open({ connection: url, schema: 'shop' });
    const queue = new QueueRegistry(engine).get('q');
    await queue.add('n', {}, { jobId: 'own-id' });
    expect(await queue.getWaitingCount()).toBe(1);
    await engine.store.set('k', 'v');
  });
});
