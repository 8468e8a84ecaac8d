import type { JobsModuleOptions } from 'nestjs-jobs';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeUnless } from '../../support/describe-unless.js';
import {
  type PrivatePgBouncer,
  type PrivatePostgres,
  startPrivatePgBouncer,
  startPrivatePostgres,
  whyNoPrivatePgBouncer,
  whyNoPrivatePostgres,
} from '../../support/servers.js';
import { violations } from '../harness/checker.js';
import { rowTimeout, startRowAt } from '../harness/row.js';
import { LONG, QUICK, Random, SEED } from '../harness/seeds.js';

const PLAN = LONG
  ? { jobs: 5_000, workers: 4, deadlineMs: 300_000 }
  : { jobs: 300, workers: 2, deadlineMs: 60_000 };

const LOCK = { duration: 5_000, sweep: 1_000 };

/** What a database, and so each session in it, presets. */
const PRESETS: Record<string, Record<string, string>> = {
  nothing: {},
  'repeatable read': { default_transaction_isolation: 'repeatable read' },
  serializable: { default_transaction_isolation: 'serializable' },
  'read only': { default_transaction_read_only: 'on' },
  'short timeouts': {
    statement_timeout: '50ms',
    lock_timeout: '1ms',
    idle_in_transaction_session_timeout: '20ms',
    idle_session_timeout: '200ms',
  },
  'another search path': { search_path: 'pg_temp, public' },
  'a just-in-time compiler for everything': {
    jit_above_cost: '0',
    jit_optimize_above_cost: '0',
    jit_inline_above_cost: '0',
  },
  'other ways to write': {
    client_encoding: 'LATIN1',
    standard_conforming_strings: 'off',
    array_nulls: 'off',
    extra_float_digits: '-15',
    bytea_output: 'escape',
    DateStyle: 'SQL, DMY',
    IntervalStyle: 'sql_standard',
    TimeZone: 'Asia/Kolkata',
    lc_numeric: 'C',
    row_security: 'off',
    plan_cache_mode: 'force_generic_plan',
    enable_seqscan: 'off',
  },
};

/** Outside CI one, another from run to run. */
const CHOSEN = QUICK
  ? [new Random(SEED, 'presets').pick(Object.entries(PRESETS))]
  : Object.entries(PRESETS);

describeUnless(whyNoPrivatePostgres(), 'presets of the database [postgres]', () => {
  let server: PrivatePostgres;

  beforeAll(async () => {
    server = await startPrivatePostgres();
  }, 60_000);

  afterAll(() => server?.stop());

  it.each(CHOSEN)(
    '%s: as without',
    async (name, settings) => {
      const url = await makeDatabase(server, name, settings);
      await expectNothingLost(`presets: ${name}`, url, {});
    },
    rowTimeout(120_000, 600_000),
  );

  describeUnless(whyNoPrivatePgBouncer(), 'behind PgBouncer', () => {
    const bouncers: PrivatePgBouncer[] = [];

    async function bounce(mode: 'transaction' | 'session'): Promise<PrivatePgBouncer> {
      const bouncer = await startPrivatePgBouncer({ port: server.port, mode, poolSize: 60 });
      bouncers.push(bouncer);
      return bouncer;
    }

    afterAll(() => Promise.all(bouncers.map((bouncer) => bouncer.stop())));

    it(
      'in session mode: as without',
      async () => {
        const url = await makeDatabase(server, 'sessions', PRESETS['repeatable read']!);
        const bouncer = await bounce('session');
        await expectNothingLost('presets: sessions', bouncer.url(databaseOf(url)), {});
      },
      rowTimeout(120_000, 600_000),
    );

    it(
      'in transaction mode with a direct connection: as without, and strangers notice nothing',
      async () => {
        const url = await makeDatabase(server, 'transactions', {});
        const bouncer = await bounce('transaction');
        const pooled = bouncer.url(databaseOf(url));
        const stranger = new pg.Pool({ connectionString: pooled, max: 20 });
        stranger.on('error', () => undefined);
        const seen = new Set<string>();
        const watch = async (): Promise<void> => {
          const looks = Array.from({ length: 20 }, () =>
            stranger.query<{ all: string }>(
              `SELECT string_agg(name || '=' || setting, ' ') AS all FROM pg_settings
               WHERE source = 'session' AND name <> 'application_name'`,
            ),
          );
          for (const { rows } of await Promise.all(looks)) seen.add(rows[0]?.all ?? '');
        };
        const watching = setInterval(() => void watch(), 200);
        try {
          await expectNothingLost('presets: transactions', pooled, { directConnection: url });
          await watch();
        } finally {
          clearInterval(watching);
          await stranger.end();
        }
        expect([...seen]).toEqual(['']);
      },
      rowTimeout(120_000, 600_000),
    );
  });
});

/** A workload with two processes more than the one that counts from outside. */
async function expectNothingLost(
  title: string,
  url: string,
  more: Partial<JobsModuleOptions>,
): Promise<void> {
  const row = startRowAt(title, 'postgres', url);
  const options = { ...more, lock: LOCK, defaults: { attempts: 1 } } as JobsModuleOptions;
  const [observer] = await Promise.all([
    row.startProducer({ options }),
    ...Array.from({ length: PLAN.workers }, () => row.start({ options })),
  ]);
  await observer.call('enqueue', {
    label: 'job',
    count: PLAN.jobs,
    behaviour: { does: 'work', ms: [1, 20] },
    seed: row.random.int(0, 1e9),
    lanes: 8,
    pauseMs: 1,
  });
  const verdict = await row.settled(observer, PLAN.deadlineMs);
  row.print(
    `acked ${verdict.acked}, lost ${verdict.lost.length}, success stored as failed ` +
      `${verdict.successStoredAsFailed.length}, run too often ${verdict.duplicated.length}`,
  );
  expect(violations(verdict)).toEqual([]);
  expect([verdict.acked, verdict.duplicated]).toEqual([PLAN.jobs, []]);
}

async function makeDatabase(
  server: PrivatePostgres,
  name: string,
  settings: Record<string, string>,
): Promise<string> {
  const database = name.replaceAll(/\W/g, '_');
  const admin = new pg.Client({ connectionString: server.url });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${database}`);
    for (const [setting, value] of Object.entries(settings)) {
      const literal = setting === 'search_path' ? value : pg.escapeLiteral(value);
      await admin.query(`ALTER DATABASE ${database} SET ${setting} TO ${literal}`);
    }
  } finally {
    await admin.end();
  }
  return server.url.replace(/postgres$/, database);
}

function databaseOf(url: string): string {
  return new URL(url).pathname.slice(1);
}
