import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import { Job, StoreUnavailableError } from 'nestjs-jobs';
import pg from 'pg';
import { expect, it, onTestFinished } from 'vitest';
import { describeUnless } from '../support/describe-unless.js';
import { createJobsApp } from '../support/jobs-app.js';
import { startPrivatePostgres, whyNoPrivatePostgres } from '../support/private-postgres.js';
import { startPrivateRedis, whyNoPrivateRedis } from '../support/private-redis.js';

@Injectable()
class Work {
  @Job()
  run(value: number): number {
    return value;
  }
}

/** A store that one test owns, and that refuses what it is asked to store for a while. */
interface OwnStore {
  readonly url: string;
  refuse(): Promise<unknown>;
  allow(): Promise<unknown>;
}

interface Refusal {
  readonly what: string;
  readonly says: RegExp;
  whyNot?(): string | undefined;
  start(): Promise<OwnStore>;
}

const REFUSALS: readonly Refusal[] = [
  {
    what: 'a Redis without memory',
    says: /OOM/,
    whyNot: whyNoPrivateRedis,
    start: () => ownRedis(['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0']),
  },
  {
    what: 'a Redis that does not permit it any more',
    says: /NOPERM/,
    whyNot: whyNoPrivateRedis,
    start: () =>
      ownRedis(
        ['ACL', 'SETUSER', 'default', '-evalsha', '-eval'],
        ['ACL', 'SETUSER', 'default', '+evalsha', '+eval'],
      ),
  },
  {
    what: 'a PostgreSQL without disk',
    says: /could not extend file/,
    whyNot: whyNoPrivatePostgres,
    start: fullPostgres,
  },
  { what: 'a SQLite file that was deleted', says: /deleted or moved/, start: movedFile },
];

for (const { what, says, whyNot, start } of REFUSALS) {
  describeUnless(whyNot?.(), what, () => {
    it('is told at once, and that nothing was stored', async () => {
      const store = await start();
      const engine = {
        connection: store.url,
        reusedIsolation: () => ({ prefix: 'refused', schema: 'refused' }),
        cleanup: async () => undefined,
      };
      const options = { workers: false, shutdownTimeout: 100 };
      const { jobs } = await createJobsApp(engine, { providers: [Work], options });
      await jobs.enqueue(Work, (s) => s.run(1));

      await store.refuse();
      const begin = performance.now();
      const outcomes = await jobs.enqueueMany(Work, [2, 3, 4], (s, n) => s.run(n));
      const error = await jobs.enqueue(Work, (s) => s.run(5)).catch((e: unknown) => e);
      // The usual time that a lost store is waited for is 5 s.
      expect(performance.now() - begin).toBeLessThan(4_000);
      const errors = outcomes.map((o) => (o.status === 'rejected' ? (o.reason as unknown) : o));
      for (const refusal of [...errors, error]) {
        expect(refusal).toBeInstanceOf(StoreUnavailableError);
        expect((refusal as Error).message).toMatch(says);
        expect((refusal as Error).message).toContain('It was not stored');
      }
      const batch = jobs.batch((b) => b.enqueue(Work, (s) => s.run(6)));
      await expect(batch).rejects.toThrow(StoreUnavailableError);

      await store.allow();
      await jobs.enqueue(Work, (s) => s.run(7));
    }, 40_000);
  });
}

async function ownRedis(refuse: string[], allow: string[]): Promise<OwnStore> {
  const server = await startPrivateRedis();
  const client = new Redis(server.url);
  onTestFinished(async () => {
    client.disconnect();
    await server.stop();
  });
  const send = ([name, ...args]: string[]) => client.call(name!, ...args);
  return { url: server.url, refuse: () => send(refuse), allow: () => send(allow) };
}

/** What PostgreSQL says of a full disk, said by a trigger. */
async function fullPostgres(): Promise<OwnStore> {
  const server = await startPrivatePostgres();
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  onTestFinished(async () => {
    await client.end();
    await server.stop();
  });
  const onEachTable = (statement: string): string =>
    `DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'refused' LOOP
       EXECUTE format('${statement}', t); END LOOP; END $$`;
  await client.query(
    `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$`,
  );
  const create =
    'CREATE TRIGGER full_disk BEFORE INSERT ON refused.%I EXECUTE FUNCTION public.full_disk()';
  return {
    url: server.url,
    refuse: () => client.query(onEachTable(create)),
    allow: () => client.query(onEachTable('DROP TRIGGER full_disk ON refused.%I')),
  };
}

async function movedFile(): Promise<OwnStore> {
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-jobs-refused-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [file, away] = [join(folder, 'jobs.sqlite'), join(folder, 'away.sqlite')];
  return {
    url: `file:${file}`,
    refuse: () => rename(file, away),
    allow: () => rename(away, file),
  };
}
