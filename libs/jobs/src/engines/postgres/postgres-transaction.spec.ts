import { randomUUID } from 'node:crypto';
import { FlowProducer, Queue, Worker } from 'bullmq';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEngine, engineNamed } from '../../../../../test/support/engines.js';
import type { Engine } from '../../contracts/index.js';
import {
  JobsConfigurationError,
  NoOpenTransactionError,
  UnsupportedByEngineError,
} from '../../errors/index.js';
import { resolveOptions } from '../../options/index.js';
import { createEngine, QueueRegistry } from '../index.js';

const fixture = engineNamed('postgres');

describeEngine(fixture, 'adding jobs inside a transaction of the application', () => {
  const names = fixture.isolation();
  let engine: Engine;
  let queues: QueueRegistry;
  let pool: pg.Pool;

  beforeAll(async () => {
    engine = createEngine(resolveOptions({ connection: fixture.connection, ...names }));
    await engine.connect();
    queues = new QueueRegistry(engine);
    pool = new pg.Pool({ connectionString: fixture.url });
    await pool.query(`CREATE TABLE ${names.schema}.orders (id text PRIMARY KEY)`);
  });

  afterAll(async () => {
    await queues.close();
    await engine.close();
    await pool.end();
    await fixture.cleanup(names);
  });

  /** Writes an order and jobs for it in one transaction, as an application does. */
  async function order(end: 'COMMIT' | 'ROLLBACK', queueName: string): Promise<string> {
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      const id = randomUUID();
      await client.query(`INSERT INTO ${names.schema}.orders (id) VALUES ($1)`, [id]);
      const factory = engine.transactionBackend!(client);
      const options = { ...engine.bullmqOptions, skipMetasUpdate: true };
      const queue = new Queue(queueName, options, factory as never);
      await Promise.all([
        queue.add('single', { id }, { jobId: 'single' }),
        queue.add('delayed', { id }, { jobId: 'delayed', delay: 60_000 }),
        queue.add('unique', { id }, { jobId: 'unique', deduplication: { id: 'u' } }),
      ]);
      await queue.addBulk([
        { name: 'bulk', data: { id }, opts: { jobId: 'bulk-1' } },
        { name: 'bulk', data: { id }, opts: { jobId: 'bulk-2' } },
      ]);
      await queue.addBulk([{ name: 'bulk', data: { id }, opts: { jobId: 'bulk-3' } }]);
      const flows = new FlowProducer(options, factory as never);
      await flows.add({
        name: 'parent',
        queueName,
        opts: { jobId: 'parent' },
        children: [{ name: 'child', queueName, opts: { jobId: 'child' } }],
      });
      expect((await client.query('SHOW search_path')).rows[0].search_path).not.toContain(
        names.schema,
      );
      await client.query(end);
      return id;
    } finally {
      client.release();
    }
  }

  it('stores the jobs with the commit', async () => {
    const queueName = `q-${randomUUID()}`;
    const seen: string[] = [];
    const worker = new Worker(
      queueName,
      async ({ id }) => seen.push(id!),
      { ...engine.bullmqOptions, drainDelay: 30 },
      engine.backendFactory as never,
    );
    try {
      await worker.waitUntilReady();
      await order('COMMIT', queueName);
      // Long before the worker would look by itself: the commit wakes it.
      await expect
        .poll(() => seen.toSorted(), { timeout: 3_000 })
        .toEqual(['bulk-1', 'bulk-2', 'bulk-3', 'child', 'parent', 'single', 'unique']);
      expect(seen.indexOf('parent')).toBeGreaterThan(seen.indexOf('child'));
      expect(await queues.get(queueName).getDelayedCount()).toBe(1);
    } finally {
      await worker.close();
    }
  });

  it('stores nothing with a rollback', async () => {
    const queueName = `q-${randomUUID()}`;
    const id = await order('ROLLBACK', queueName);
    const counts = await queues.get(queueName).getJobCounts();
    expect(Object.values(counts).every((count) => count === 0)).toBe(true);
    const orders = await pool.query(`SELECT FROM ${names.schema}.orders WHERE id = $1`, [id]);
    expect(orders.rowCount).toBe(0);
  });

  /** A queue inside what the client does. */
  function queueOn(client: object, name = `q-${randomUUID()}`): Queue {
    const options = { ...engine.bullmqOptions, skipMetasUpdate: true };
    return new Queue(name, options, engine.transactionBackend!(client) as never);
  }

  async function withClient(use: (client: pg.PoolClient) => Promise<void>): Promise<void> {
    const client = await pool.connect();
    try {
      await use(client);
    } finally {
      await client.query('ROLLBACK');
      client.release();
    }
  }

  it('refuses everything but adding, and reading a job back', () =>
    withClient(async (client) => {
      const queue = queueOn(client);
      await expect(queue.pause()).rejects.toThrow(UnsupportedByEngineError);
      await expect(queue.getJobCounts()).rejects.toThrow(/Only adding jobs/);
      await client.query('BEGIN');
      await queue.add('n', { own: true }, { jobId: 'own' });
      expect((await queue.getJob('own'))?.data).toEqual({ own: true });
      expect(await queue.getJob('other')).toBeUndefined();
      expect(await queues.get(queue.name).getJob('own')).toBeUndefined();
    }));

  it('says that a wrapper answers otherwise than the client of pg', () =>
    withClient(async (client) => {
      class QueryRunner {
        async query(text: string, values: unknown[]): Promise<unknown> {
          return (await client.query(text, values)).rows;
        }
      }
      await client.query('BEGIN');
      const refused = queueOn(new QueryRunner()).add('n', {});
      await expect(refused).rejects.toThrow(JobsConfigurationError);
      await expect(refused).rejects.toThrow(
        /expected the client of "pg".*got an instance of QueryRunner, whose query\(\) answers without rows/,
      );
    }));

  it('stores nothing without an open transaction', () =>
    withClient(async (client) => {
      const queue = queueOn(client);
      await expect(queue.add('n', {})).rejects.toThrow(NoOpenTransactionError);
      await client.query('BEGIN');
      await queue.add('n', {});
      await client.query('COMMIT');
      await expect(queue.addBulk([{ name: 'n', data: {} }])).rejects.toThrow(
        'has no open transaction, so nothing was stored',
      );
      expect(await queues.get(queue.name).getWaitingCount()).toBe(1);
    }));

  it('asks the server where the client does not know, or does not know yet', () =>
    withClient(async (client) => {
      const wrapper = { query: client.query.bind(client) };
      await expect(queueOn(wrapper).add('n', {})).rejects.toThrow(NoOpenTransactionError);
      const begun = client.query('BEGIN');
      const queue = queueOn(client);
      await queue.add('n', {});
      await queueOn(wrapper, queue.name).add('n', {});
      await begun;
      await client.query('COMMIT');
      expect(await queues.get(queue.name).getWaitingCount()).toBe(2);
    }));

  it('leaves a failed transaction to say so', () =>
    withClient(async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT 1 / 0').catch(() => undefined);
      await expect(queueOn(client).add('n', {})).rejects.toMatchObject({ code: '25P02' });
    }));

  it('refuses what is no client', () => {
    for (const client of [pool, {}, null, 'postgres://localhost']) {
      expect(() => engine.transactionBackend!(client)).toThrow(JobsConfigurationError);
    }
  });
});
