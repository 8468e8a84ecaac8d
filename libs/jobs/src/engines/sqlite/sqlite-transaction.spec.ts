import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { FlowProducer, Queue, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../../contracts/index.js';
import { JobsConfigurationError, NoOpenTransactionError } from '../../errors/index.js';
import { resolveOptions } from '../../options/index.js';
import { createEngine, QueueRegistry } from '../index.js';

describe('adding jobs inside a transaction of the application', () => {
  let folder: string;
  let file: string;
  let engine: Engine;
  let queues: QueueRegistry;
  let database: DatabaseSync;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sqlite-transaction-'));
    file = join(folder, 'jobs.sqlite');
    engine = createEngine(resolveOptions({ connection: `file:${file}` }));
    await engine.connect();
    queues = new QueueRegistry(engine);
    database = new DatabaseSync(file);
    database.exec('CREATE TABLE app_orders (id TEXT PRIMARY KEY)');
  });

  afterEach(async () => {
    await queues.close();
    await engine.close();
    database.close();
    rmSync(folder, { recursive: true });
  });

  function inTransaction(queueName: string, client: DatabaseSync = database) {
    const factory = engine.transactionBackend!(client) as never;
    const options = { ...engine.bullmqOptions, skipMetasUpdate: true };
    return { queue: new Queue(queueName, options, factory), options, factory };
  }

  /** Writes an order and jobs for it in one transaction, as an application does. */
  async function order(end: 'COMMIT' | 'ROLLBACK', queueName: string): Promise<string> {
    const id = randomUUID();
    database.exec('BEGIN IMMEDIATE');
    database.prepare('INSERT INTO app_orders (id) VALUES (?)').run(id);
    const { queue, options, factory } = inTransaction(queueName);
    await Promise.all([
      queue.add('single', { id }, { jobId: 'single' }),
      queue.add('delayed', { id }, { jobId: 'delayed', delay: 60_000 }),
      queue.add('unique', { id }, { jobId: 'unique', deduplication: { id: 'u' } }),
    ]);
    await queue.addBulk([
      { name: 'bulk', data: { id }, opts: { jobId: 'bulk-1' } },
      { name: 'bulk', data: { id }, opts: { jobId: 'bulk-2' } },
    ]);
    const flows = new FlowProducer(options, factory);
    await flows.add({
      name: 'parent',
      queueName,
      opts: { jobId: 'parent' },
      children: [{ name: 'child', queueName, opts: { jobId: 'child' } }],
    });
    database.exec(end);
    return id;
  }

  const orders = (): unknown[] => database.prepare('SELECT id FROM app_orders').all();

  it('stores the jobs with the commit, and wakes the workers', async () => {
    const queueName = `q-${randomUUID()}`;
    const names: string[] = [];
    const worker = new Worker(
      queueName,
      async ({ name }) => void names.push(name),
      engine.bullmqOptions,
    );
    await worker.waitUntilReady();
    const id = await order('COMMIT', queueName);
    await expect.poll(() => names.length, { timeout: 4_000 }).toBe(6);
    expect(names).toEqual(expect.arrayContaining(['single', 'unique', 'bulk', 'child', 'parent']));
    const queue = queues.get(queueName);
    await expect.poll(() => queue.getCompletedCount()).toBe(6);
    expect(await queue.getJobCounts()).toMatchObject({ completed: 6, delayed: 1, waiting: 0 });
    expect(orders()).toEqual([{ id }]);
    await worker.close();
  });

  it('leaves nothing after a rollback', async () => {
    const queueName = `q-${randomUUID()}`;
    await order('ROLLBACK', queueName);
    const queue = queues.get(queueName);
    expect(await queue.getJobCountByTypes()).toBe(0);
    await queue.add('later', {}, { jobId: 'single' });
    expect(await queue.getJobCounts()).toMatchObject({ waiting: 1, delayed: 0 });
    expect(orders()).toEqual([]);
  });

  it('has stored a job when the call returns, without waiting for its answer', async () => {
    const { queue } = inTransaction('now');
    database.exec('BEGIN IMMEDIATE');
    const adding = queue.add('n', {}, { jobId: 'now' });
    database.exec('COMMIT');
    await adding;
    expect(await queues.get('now').getWaitingCount()).toBe(1);
  });

  it('undoes an operation that fails, and lets the transaction go on', async () => {
    const { queue } = inTransaction('partly');
    database.exec('BEGIN IMMEDIATE');
    const orphan = queue.add('n', {}, { parent: { id: 'nobody', queue: 'jobs:nowhere' } });
    await expect(orphan).rejects.toThrow('Missing key for parent job');
    await queue.add('n', {}, { jobId: 'good' });
    database.exec('COMMIT');
    expect(await queues.get('partly').getWaitingCount()).toBe(1);
  });

  it('refuses to store a job by itself', async () => {
    const { queue } = inTransaction('stray');
    await expect(queue.add('n', {})).rejects.toThrow(NoOpenTransactionError);
    expect(await queues.get('stray').count()).toBe(0);
  });

  it('refuses a connection to another file, and what is none', () => {
    const other = new DatabaseSync(join(folder, 'other.sqlite'));
    expect(() => inTransaction('q', other)).toThrow(JobsConfigurationError);
    expect(() => inTransaction('q', other)).toThrow(`expected a connection to ${file}`);
    other.close();
    const memory = new DatabaseSync(':memory:');
    expect(() => inTransaction('q', memory)).toThrow('got one to a database in memory');
    memory.close();
    expect(() => inTransaction('q', {} as DatabaseSync)).toThrow('expected the DatabaseSync');
  });
});
