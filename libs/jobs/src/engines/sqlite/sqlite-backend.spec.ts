import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DatabaseSync } from 'node:sqlite';
import { ConnectionClosedError, type Queue, Worker } from 'bullmq';
import { sqlite } from 'bullmq-sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../contracts/index.js';
import { StoreUnreachableError } from '../../errors/index.js';
import { type JobsConnection, resolveOptions } from '../../options/index.js';
import { createEngine, QueueRegistry } from '../index.js';

describe('the SQLite backend', () => {
  const cleanups: (() => unknown)[] = [];
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sqlite-backend-'));
    file = join(folder, 'jobs.sqlite');
    cleanups.push(() => rmSync(folder, { recursive: true }));
  });

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  function engineOf(connection: JobsConnection = `file:${file}`, connectTimeout = 1_000): Engine {
    const engine = createEngine(resolveOptions({ connection, connectTimeout }));
    cleanups.push(() => engine.close());
    return engine;
  }

  async function open(): Promise<{ engine: Engine; queue: Queue }> {
    const engine = engineOf();
    await engine.connect();
    const queues = new QueueRegistry(engine);
    cleanups.push(() => queues.close());
    return { engine, queue: queues.get('q') };
  }

  function work(engine: Engine, run: (name: string) => Promise<unknown>) {
    const errors: Error[] = [];
    const worker = new Worker('q', ({ name }) => run(name), {
      ...engine.bullmqOptions,
      runRetryDelay: 300,
    });
    worker.on('error', (error) => errors.push(error));
    cleanups.push(() => worker.close());
    return errors;
  }

  /** As somebody does who knows better than the library. */
  function damage(statement: string): void {
    const database = new DatabaseSync(file, { timeout: 1_000 });
    database.exec(statement);
    database.close();
  }

  it('cannot be used before it is connected, nor when it is closed', async () => {
    const engine = engineOf();
    expect(() => new QueueRegistry(engine).get('q')).toThrow('not connected yet');
    await engine.connect();
    await engine.close();
    expect(() => new QueueRegistry(engine).get('q')).toThrow('the engine is closed');
    await engine.close();
  });

  it.each([
    ['lies under a file', (path: string) => writeFileSync(path, ''), 'jobs.sqlite/jobs.sqlite'],
    [
      'holds something else',
      (path: string) => writeFileSync(path, 'x'.repeat(5_000)),
      'jobs.sqlite',
    ],
  ])('tells at boot which file it is that %s', async (_what, prepare, place) => {
    prepare(file);
    const path = join(folder, place);
    const failure = engineOf(`file:${path}`).connect();
    await expect(failure).rejects.toThrow(StoreUnreachableError);
    await expect(failure).rejects.toThrow(`the sqlite store at ${path}: `);
  });

  it('does not wait at boot for a locked file for longer than it may', async () => {
    const other = new DatabaseSync(file);
    cleanups.push(() => other.close());
    other.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE');
    const started = performance.now();
    await expect(engineOf(undefined, 300).connect()).rejects.toThrow('no answer within 300 ms');
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it('waits at boot for a file that is locked for a while', async () => {
    const other = new DatabaseSync(file);
    cleanups.push(() => other.close());
    other.exec('PRAGMA journal_mode = WAL; BEGIN IMMEDIATE');
    const engine = engineOf(sqlite(file, { busyTimeout: 50 }), 5_000);
    const connecting = engine.connect();
    await pause(300);
    other.exec('ROLLBACK');
    await connecting;
    expect(await engine.ping(1_000)).toBeGreaterThan(0);
  });

  it('keeps a success that it cannot store, until it can', async () => {
    const { engine, queue } = await open();
    const [started, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const errors = work(engine, async () => {
      started.resolve();
      await gate.promise;
    });
    const job = await queue.add('n', {}, { attempts: 1 });
    await started.promise;
    renameSync(file, `${file}.away`);
    gate.resolve();
    await pause(500);
    const failure: unknown = await job.getState().catch((error: unknown) => error);
    renameSync(`${file}.away`, file);
    expect(failure).toBeInstanceOf(ConnectionClosedError);
    await expect.poll(() => job.getState(), { timeout: 5_000 }).toBe('completed');
    for (const error of errors) expect(error).toBeInstanceOf(ConnectionClosedError);
    expect(errors.length).toBeLessThan(5);
  });

  it('is healthy again on the file that takes the place of a lost one', async () => {
    const { engine } = await open();
    await engine.store.set('k', 'old');
    const next = createEngine(resolveOptions({ connection: `file:${file}.next` }));
    await next.connect();
    await next.close();
    damage('DROP TABLE IF EXISTS coordination_value');
    expect(await engine.store.get('k')).toBeUndefined();
    await engine.store.set('k', 'new');
    expect(await engine.store.get('k')).toBe('new');
    renameSync(`${file}.next`, file);
    await expect.poll(() => engine.ping(1_000).catch(() => -1), { timeout: 5_000 }).not.toBe(-1);
    expect(await engine.store.get('k')).toBeUndefined();
  });

  it.each([
    ["UPDATE job SET opts = '{' WHERE id = 'bad'"],
    ["UPDATE job SET parent = '{\"id\"' WHERE id = 'bad'"],
    ["UPDATE job SET progress = 'half' WHERE id = 'bad'"],
  ])('fails a damaged job alone, with its reason: %s', async (statement) => {
    const { engine, queue } = await open();
    await queue.addBulk(
      ['before', 'bad', 'after'].map((jobId) => ({ name: jobId, data: {}, opts: { jobId } })),
    );
    damage(statement);
    const ran: string[] = [];
    work(engine, async (name) => ran.push(name));
    await expect.poll(() => queue.getCompletedCount(), { timeout: 5_000 }).toBe(2);
    await expect.poll(() => queue.getFailedCount(), { timeout: 5_000 }).toBe(1);
    expect(ran).toEqual(['before', 'after']);
    const [job] = await queue.getFailed();
    expect(job).toMatchObject({
      id: 'bad',
      failedReason: expect.stringContaining('cannot be read'),
    });
    expect((await queue.getJobLogs('bad')).logs).toEqual([expect.stringContaining('damaged: {')]);
  });
});
