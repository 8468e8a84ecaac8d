import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Injectable } from '@nestjs/common';
import { Redis } from 'ioredis';
import pg from 'pg';
import { expect, it, onTestFinished, vi } from 'vitest';
import {
  describeEngines,
  type EngineFixture,
  type EngineName,
  type Isolation,
} from '../../../../test/support/engines.js';
import { createJobsApp, type JobsApp } from '../../../../test/support/jobs-app.js';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { Job } from '../decorators/index.js';
import { NewerStoreError } from '../errors/index.js';
import { JobsHealth } from '../health/index.js';
import { JobLogger } from '../logging/index.js';
import { NewerStoreWatch } from './index.js';

const SOON = { timeout: 10_000 };

@Injectable()
class Work {
  @Job()
  async run(): Promise<void> {}
}

/**
 * The same store for several applications of a test; on SQLite a file of its own, since its version
 * is the whole file's.
 */
interface Store {
  readonly url: string;
  readonly isolation: Isolation;
  boot(): Promise<JobsApp>;
}

/** What newer versions do, each of which this one cannot work with. */
const MIGRATIONS: Readonly<Record<EngineName, Record<string, (store: Store) => Promise<void>>>> = {
  redis: {
    'a newer major version of BullMQ has opened a queue': async ({ url, isolation }) => {
      const redis = new Redis(url);
      await redis.hset(`${isolation.prefix}:default:meta`, 'version', 'bullmq:7.0.0');
      redis.disconnect();
    },
  },
  postgres: {
    'a newer major version of BullMQ has migrated its tables': (store) =>
      onPostgres(
        store,
        `ALTER TABLE migration ADD COLUMN IF NOT EXISTS min_client_version integer;
         UPDATE migration SET min_client_version = 7 WHERE version = (SELECT max(version) FROM migration)`,
      ),
    'a newer version has migrated our tables': (store) =>
      onPostgres(store, 'INSERT INTO jobs_migration (version, needs) VALUES (99, 98)'),
  },
  sqlite: {
    'a newer version has migrated the file': async ({ url }) => onSqlite(url, 98_099),
  },
};

/** What newer versions do that others go on with. */
const ADDITIONS: Readonly<Record<EngineName, (store: Store) => Promise<void>>> = {
  redis: async () => undefined,
  postgres: (store) => onPostgres(store, 'INSERT INTO jobs_migration (version) VALUES (99)'),
  sqlite: async ({ url }) => onSqlite(url, 1_099),
};

const FORM = 'form';

describeEngines('a store that a newer version has changed', (engine) => {
  const changes = Object.entries({
    'a newer version stores what others would misread': (store: Store) =>
      setForm(store, { form: 9, needs: 9 }),
    ...MIGRATIONS[engine.name],
  });

  it.each(changes)('is refused at boot: %s', async (_, change) => {
    const store = storeOn(engine);
    const first = await store.boot();
    await change(store);
    await first.close();
    const booting = store.boot();
    await expect(booting).rejects.toThrow(NewerStoreError);
    await expect(booting).rejects.toThrow(
      /A newer version has changed the .*expected .*, got .*Run/,
    );
  });

  it.each(changes)('is claimed from no more by a process that runs: %s', async (_, change) => {
    const store = storeOn(engine);
    const { module, jobs } = await store.boot();
    const error = vi.spyOn(module.get(JobLogger), 'error');
    await (await jobs.enqueue(Work, (s) => s.run())).result(SOON);
    await change(store);
    await module.get(NewerStoreWatch).look();
    expect(error).toHaveBeenCalledExactlyOnceWith(
      expect.stringMatching(/^This process claims no more jobs\. A newer version/),
    );
    const job = await jobs.enqueue(Work, (s) => s.run());
    await module.get(NewerStoreWatch).look();
    expect(await module.get(JobsHealth).check()).toMatchObject({
      healthy: false,
      workers: 'stopped',
      error: expect.stringContaining('A newer version has changed'),
    });
    expect(await job.state()).toBe('waiting');
  });

  it('goes on where it only added something, which stays', async () => {
    const store = storeOn(engine);
    const first = await store.boot();
    const added = { form: 9, needs: 1, later: 'kept' };
    await setForm(store, added);
    await ADDITIONS[engine.name](store);
    await first.module.get(NewerStoreWatch).look();
    const second = await store.boot();
    await first.close();
    await (await second.jobs.enqueue(Work, (s) => s.run())).result(SOON);
    const { store: stored } = second.module.get<Engine>(JOBS_ENGINE);
    expect(JSON.parse((await stored.get(FORM))!)).toEqual(added);
  });
});

async function setForm(store: Store, form: object): Promise<void> {
  const { module, close } = await store.boot();
  await module.get<Engine>(JOBS_ENGINE).store.set(FORM, JSON.stringify(form));
  await close();
}

function storeOn(engine: EngineFixture): Store {
  const isolation = engine.isolation();
  const file = join(tmpdir(), `nestjs-jobs-newer-${randomUUID()}.sqlite`);
  const url = engine.name === 'sqlite' ? `file:${file}` : engine.url;
  onTestFinished(() => {
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  });
  const options = { connection: url };
  return {
    url,
    isolation,
    boot: () => createJobsApp(engine, { providers: [Work], isolation, options }),
  };
}

async function onPostgres({ url, isolation }: Store, sql: string): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`SET search_path TO ${isolation.schema}`);
  await client.query(sql);
  await client.end();
}

function onSqlite(url: string, version: number): void {
  const database = new DatabaseSync(url.slice('file:'.length), { timeout: 5_000 });
  database.exec(`PRAGMA user_version = ${version}`);
  database.close();
}
