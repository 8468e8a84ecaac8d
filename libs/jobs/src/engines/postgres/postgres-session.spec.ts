import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Job, JobScheduler } from 'nestjs-jobs';
import pg from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { jobs as pooledJobs } from '../../../../../test/e2e/tour/pooler.js';
import { describeUnless } from '../../../../../test/support/describe-unless.js';
import {
  type PrivatePgBouncer,
  type PrivatePostgres,
  startPrivatePgBouncer,
  startPrivatePostgres,
  whyNoPrivatePgBouncer,
  whyNoPrivatePostgres,
} from '../../../../../test/support/servers.js';
import { resolveOptions, type JobsModuleOptions } from '../../options/index.js';
import { createEngine, foreignOptions } from '../index.js';
import { SharedPostgres } from './postgres-connection.js';

const obstacle = whyNoPrivatePostgres() ?? whyNoPrivatePgBouncer();

@Injectable()
class Mail {
  @Job()
  async send(to: string): Promise<string> {
    return `sent to ${to}`;
  }
}

describeUnless(obstacle, 'whose session a connection has', () => {
  let server: PrivatePostgres;
  let sessions: PrivatePgBouncer;
  let transactions: PrivatePgBouncer;
  let statements: PrivatePgBouncer;

  beforeAll(async () => {
    server = await startPrivatePostgres();
    [sessions, transactions, statements] = (await Promise.all(
      (['session', 'transaction', 'statement'] as const).map((mode) =>
        startPrivatePgBouncer({ port: server.port, mode, poolSize: 30 }),
      ),
    )) as [PrivatePgBouncer, PrivatePgBouncer, PrivatePgBouncer];
  }, 60_000);

  afterAll(async () => {
    await Promise.all([sessions, transactions, statements].map((bouncer) => bouncer?.stop()));
    await server?.stop();
  });

  async function boot(options: JobsModuleOptions): Promise<string | undefined> {
    const engine = createEngine(resolveOptions({ schema: 'sessions', ...options }));
    try {
      await engine.connect();
      await engine.store.set('key', 'value');
      return await engine.store.get('key');
    } finally {
      await engine.close();
    }
  }

  it('is ours on the server itself, and behind a pooler in session mode', async () => {
    const pooled = sessions.url('postgres');
    await expect(boot({ connection: server.url })).resolves.toBe('value');
    await expect(boot({ connection: pooled })).resolves.toBe('value');
    await expect(boot({ connection: server.url, directConnection: pooled })).resolves.toBe('value');
  });

  it.each(['transaction', 'statement'])(
    'is not in %s mode: refused, with what to do',
    async (mode) => {
      const bouncer = mode === 'transaction' ? transactions : statements;
      await expect(boot({ connection: bouncer.url('postgres') })).rejects.toThrow(
        /connection: expected the PostgreSQL server itself.* got a transaction pooler.*`directConnection`/,
      );
      await boot({ connection: bouncer.url('postgres'), directConnection: server.url });
    },
  );

  it('is found out on a busy pooler, too', async () => {
    const strangers = new pg.Pool({ connectionString: transactions.url('postgres'), max: 20 });
    let busy = true;
    const load = Array.from({ length: 20 }, async () => {
      while (busy) await strangers.query('SELECT pg_sleep(random() / 500)');
    });
    await expect(boot({ connection: transactions.url('postgres') })).rejects.toThrow(/pooler/);
    busy = false;
    await Promise.all(load);
    await strangers.end();
  });

  it('must be ours at directConnection', async () => {
    const connection = transactions.url('postgres');
    await expect(boot({ connection, directConnection: connection })).rejects.toThrow(
      /directConnection: expected the PostgreSQL server itself.*got a transaction pooler/,
    );
  });

  it('needs no setting where none can be made: a preset that changes what we do is refused', async () => {
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    await admin.query('CREATE DATABASE repeatable');
    await admin.query(
      `ALTER DATABASE repeatable SET default_transaction_isolation TO 'repeatable read'`,
    );
    await admin.end();
    const directConnection = server.url.replace(/postgres$/, 'repeatable');
    await expect(
      boot({ connection: transactions.url('repeatable'), directConnection }),
    ).rejects.toThrow(
      /default_transaction_isolation = 'read committed'.*'repeatable read'.*ALTER ROLE/,
    );
    await boot({ connection: directConnection });
  });

  it.each([
    ['off', 'on'],
    ['remote_apply', 'remote_apply'],
    ['local', 'local'],
  ])('waits for commits: synchronous_commit %s becomes %s', async (preset, becomes) => {
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    await admin.query(`CREATE DATABASE commits_${preset}`);
    await admin.query(`ALTER DATABASE commits_${preset} SET synchronous_commit TO ${preset}`);
    await admin.end();
    const url = server.url.replace(/postgres$/, `commits_${preset}`);
    const settings = { schema: 'jobs', migrate: true, connectTimeoutMs: 10_000 };
    const postgres = new SharedPostgres(url, settings);
    await postgres.connect();
    const { rows } = await postgres.query('SHOW synchronous_commit');
    await postgres.close();
    expect(rows).toEqual([{ synchronous_commit: becomes }]);
  });

  it('leaves nothing set on connections that strangers get', async () => {
    const connection = transactions.url('postgres');
    await boot({ connection, directConnection: server.url });
    await boot({ connection }).catch(() => undefined);
    const stranger = new pg.Pool({ connectionString: connection, max: 30 });
    const looks = Array.from({ length: 30 }, () =>
      stranger.query(`SELECT name, setting FROM pg_settings, pg_sleep(0.05)
        WHERE source = 'session' AND name <> 'application_name'`),
    );
    const found = (await Promise.all(looks)).flatMap(({ rows }) => rows as unknown[]);
    await stranger.end();
    expect(found).toEqual([]);
  });

  it('runs jobs through a transaction pooler', async () => {
    const module = await Test.createTestingModule({
      imports: [
        pooledJobs({
          DATABASE_URL: transactions.url('postgres'),
          DATABASE_DIRECT_URL: server.url,
        }),
      ],
      providers: [Mail],
    }).compile();
    await module.init();
    try {
      const job = await module.get(JobScheduler).enqueue(Mail, (s) => s.send('me'));
      expect(await job.result()).toBe('sent to me');
    } finally {
      await module.close();
    }
  });

  it('is asked about on PostgreSQL alone', () => {
    const engine = (options: JobsModuleOptions) => () =>
      createEngine(resolveOptions(options, foreignOptions));
    expect(engine({ connection: ':memory:', directConnection: server.url })).toThrow(
      /"directConnection" is not for SQLite/,
    );
    expect(engine({ connection: server.url, directConnection: 'redis://x' })).toThrow(
      /"directConnection" expected 'postgres:.*got a URL with "redis:"/,
    );
    expect(engine({ connection: server.url, directConnection: 7 as never })).toThrow(
      /directConnection/,
    );
  });
});
