import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Redis } from 'ioredis';
import { Job, JobsModule, migratePostgres, StoreUnreachableError } from 'nestjs-jobs';
import pg from 'pg';
import { afterEach, expect, it } from 'vitest';
import { describeUnless } from '../support/describe-unless.js';
import {
  startPrivatePostgres,
  startPrivateRedis,
  whyNoPrivatePostgres,
  whyNoPrivateRedis,
} from '../support/servers.js';

@Injectable()
class Work {
  @Job()
  async run(): Promise<void> {}
}

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** What an application does not start for. */
async function refusal(connection: string): Promise<unknown> {
  const imports = [JobsModule.forRoot({ connection, workers: true, connectTimeout: '3s' })];
  const module = await Test.createTestingModule({ imports, providers: [Work] })
    .setLogger(false as never)
    .compile()
    .catch((error: unknown) => error);
  if (module instanceof Error) return module;
  const app = module as Awaited<ReturnType<ReturnType<typeof Test.createTestingModule>['compile']>>;
  try {
    return await app.init().catch((error: unknown) => error);
  } finally {
    await app.close();
  }
}

describeUnless(whyNoPrivateRedis(), 'a Redis that refuses what boot needs', () => {
  it.each([
    ['the time', '-time', 'NOPERM'],
    ['scripts', '-@scripting', 'NOPERM'],
    ['channels', 'resetchannels', 'NOPERM'],
    ['writes', '-@write', "can't run this command"],
  ])('is named when the account lacks %s', async (_what, rule, reason) => {
    const server = await startPrivateRedis();
    cleanups.push(() => server.stop());
    const admin = new Redis(server.url);
    cleanups.push(() => admin.disconnect());
    await admin.call('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', rule);
    const error = await refusal(server.url.replace('//', '//app:secret@'));
    expect(error).toBeInstanceOf(StoreUnreachableError);
    expect(String(error)).toContain(reason);
    expect(String(error)).toContain('Give the account');
    expect(String(error)).not.toContain('..');
  });

  it('is named when its memory is full', async () => {
    const server = await startPrivateRedis();
    cleanups.push(() => server.stop());
    const admin = new Redis(server.url);
    cleanups.push(() => admin.disconnect());
    await admin.config('SET', 'maxmemory', '1');
    const error = await refusal(server.url);
    expect(error).toBeInstanceOf(StoreUnreachableError);
    expect(String(error)).toContain('OOM');
  });
});

describeUnless(whyNoPrivatePostgres(), 'a PostgreSQL that refuses what boot needs', () => {
  it.each([
    ['to make a schema', '', 'permission denied for database'],
    ['on the schema', 'CREATE SCHEMA jobs', 'permission denied for schema'],
  ])('is named when the role has no right %s', async (_what, setUp, reason) => {
    const server = await startPrivatePostgres();
    cleanups.push(() => server.stop());
    const admin = new pg.Client({ connectionString: server.url });
    await admin.connect();
    cleanups.push(() => admin.end());
    await admin.query(`CREATE ROLE app LOGIN; ${setUp}`);
    const url = server.url.replace('//postgres@', '//app@');
    for (const error of [await refusal(url), await migratePostgres(url).catch((e: unknown) => e)]) {
      expect(error).toBeInstanceOf(StoreUnreachableError);
      expect(String(error)).toContain(reason);
      expect(String(error)).toContain('Give the account');
    }
  });
});
