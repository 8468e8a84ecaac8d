import { Injectable } from '@nestjs/common';
import { Job, type JobsModuleOptions } from 'nestjs-jobs';
import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { describeEngine, engineNamed } from '../../../../../test/support/engines.js';
import { createJobsApp } from '../../../../../test/support/jobs-app.js';

const fixture = engineNamed('postgres');

@Injectable()
class Shop {
  running = 0;
  most = 0;

  @Job({ attempts: 1 })
  async add(a: number, b: number): Promise<{ sum: number; at: Date }> {
    return { sum: a + b, at: new Date(0) };
  }

  @Job({ concurrency: { key: (tenant: string) => tenant }, attempts: 1 })
  async alone(_tenant: string): Promise<number> {
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    this.running -= 1;
    return this.most;
  }

  @Job({ attempts: 1 })
  async fail(): Promise<void> {
    throw new Error('as it should');
  }
}

/** What an application sets for the whole process, by the OID of the type. */
const GLOBAL_PARSERS: Record<string, Record<number, (text: string) => unknown>> = {
  'JSON as text': { 114: String, 3802: String },
  'bigint as a number': { 20: Number },
  'bigint as BigInt': { 20: BigInt, 1016: String },
  'integers as text': { 21: String, 23: String },
  'booleans as text': { 16: String },
  'floats as objects of a library': {
    700: (text) => ({ decimal: text }),
    701: (text) => ({ decimal: text }),
  },
  'text in capitals': { 25: (text) => text.toUpperCase(), 1043: (text) => text.toUpperCase() },
};

/** Options that an application's own pool has. */
const POOLS: Record<string, object> = {
  'one connection': { max: 1 },
  'connections that are used once': { maxUses: 1 },
  'connections that go at once': { idleTimeoutMillis: 1, min: 0 },
  'parsers of its own': { types: { getTypeParser: () => () => 'parsed' } },
  'binary results': { binary: true },
  'short time limits': { statement_timeout: 5, lock_timeout: 1, query_timeout: 5 },
  'another isolation level': { options: '-c default_transaction_isolation=serializable' },
  'read-only transactions': { options: '-c default_transaction_read_only=on' },
  'a pipeline': { pipeline: true },
};

describeEngine(fixture, "the driver's settings", () => {
  const defaults = new Map<number, never>();

  afterEach(() => {
    for (const [oid, parser] of defaults) pg.types.setTypeParser(oid, parser);
    defaults.clear();
    pg.defaults.binary = false;
  });

  function setParsers(parsers: Record<number, (text: string) => unknown>): void {
    for (const [key, parser] of Object.entries(parsers)) {
      const oid = Number(key);
      defaults.set(oid, pg.types.getTypeParser(oid) as never);
      pg.types.setTypeParser(oid, parser as never);
    }
  }

  async function expectWork(connection: JobsModuleOptions['connection']): Promise<void> {
    const app = await createJobsApp(fixture, { providers: [Shop], options: { connection } });
    const { jobs } = app;
    const sums = await Promise.all(
      Array.from({ length: 10 }, (_, i) => jobs.enqueue(Shop, (s) => s.add(i, 1))),
    );
    const results = await Promise.all(sums.map((job) => job.result({ timeout: 10_000 })));
    expect(results).toEqual(sums.map((_, i) => ({ sum: i + 1, at: new Date(0) })));
    const later = await jobs.schedule(Shop, (s) => s.add(1, 1), { delay: 50 });
    expect(await later.result()).toMatchObject({ sum: 2 });
    const alone = await Promise.all(
      Array.from({ length: 5 }, () => jobs.enqueue(Shop, (s) => s.alone('a'))),
    );
    expect(await Promise.all(alone.map((job) => job.result()))).toEqual([1, 1, 1, 1, 1]);
    const failed = await jobs.enqueue(Shop, (s) => s.fail());
    await expect(failed.result()).rejects.toThrow('as it should');
    expect(await sums[0]!.details()).toMatchObject({ state: 'completed', attemptsMade: 1 });
  }

  it.each(Object.entries(GLOBAL_PARSERS))('parsers for the process: %s', async (_what, parsers) => {
    setParsers(parsers);
    await expectWork({ connectionString: fixture.url, max: 4 });
  });

  it('binary results for the process', async () => {
    pg.defaults.binary = true;
    await expectWork({ connectionString: fixture.url, max: 4 });
  });

  it.each(Object.entries(POOLS))('a pool with %s', async (_what, options) => {
    const pool = new pg.Pool({ connectionString: fixture.url, max: 4, ...options });
    await expectWork(pool);
    await pool.end();
  });

  it('parsers for the process, in a transaction of the application', async () => {
    setParsers(Object.assign({}, ...Object.values(GLOBAL_PARSERS)) as never);
    const { jobs } = await createJobsApp(fixture, { providers: [Shop] });
    const client = new pg.Client({ connectionString: fixture.url });
    await client.connect();
    try {
      await client.query('BEGIN');
      const mine = { id: 'mine' };
      const job = await jobs.withTransaction(client).enqueue(Shop, (s) => s.add(2, 3), mine);
      const again = jobs.withTransaction(client).enqueue(Shop, (s) => s.add(2, 3), mine);
      await expect(again).rejects.toThrow(/mine/);
      await client.query('COMMIT');
      expect(await job.result()).toMatchObject({ sum: 5 });
    } finally {
      await client.end();
    }
  });
});
