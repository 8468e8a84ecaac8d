import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pingPostgres, startPrivatePostgres, whyNoPrivatePostgres } from './private-postgres.js';
import { pingRedis, startPrivateRedis, whyNoPrivateRedis } from './private-redis.js';

export {
  type PrivatePgBouncer,
  startPrivatePgBouncer,
  whyNoPrivatePgBouncer,
} from './private-pgbouncer.js';
export {
  type PrivatePostgres,
  type PrivatePostgresOptions,
  startPrivatePostgres,
  whyNoPrivatePostgres,
} from './private-postgres.js';
export {
  type PrivateRedis,
  type PrivateRedisOptions,
  startPrivateRedis,
  whyNoPrivateRedis,
} from './private-redis.js';

/** The server that ordinary tests share, or the reason why there is none. */
export type SharedServer = { available: true; url: string } | { available: false; reason: string };

/** What the global setup passes to test processes, through their environment. */
const HANDOVER = {
  redis: 'NESTJS_JOBS_TEST_REDIS',
  postgres: 'NESTJS_JOBS_TEST_POSTGRES',
  sqlite: 'NESTJS_JOBS_TEST_SQLITE',
} as const;

const LOCAL_REDIS = ['redis://127.0.0.1:6379'];
const LOCAL_POSTGRES = [
  'postgres://postgres@127.0.0.1:5432/test',
  'postgres://postgres@127.0.0.1:5432/postgres',
];

/** The Redis server of this run: REDIS_URL, else a local one, else a private one. */
export function redisServer(): SharedServer {
  return receive(HANDOVER.redis);
}

/** The PostgreSQL server of this run: DATABASE_URL, else a local one, else a private one. */
export function postgresServer(): SharedServer {
  return receive(HANDOVER.postgres);
}

/** A folder for jobs files, which is removed at the end of this run. */
export function sqliteFolder(): string {
  return handedOver(HANDOVER.sqlite);
}

/**
 * Finds or starts both servers, makes a folder for files, and hands them over; returns what stops
 * and removes what it made.
 */
export async function provideServers(): Promise<() => Promise<void>> {
  const found = await Promise.all([
    provide('REDIS_URL', LOCAL_REDIS, pingRedis, whyNoPrivateRedis, startPrivateRedis),
    provide(
      'DATABASE_URL',
      LOCAL_POSTGRES,
      pingPostgres,
      whyNoPrivatePostgres,
      startPrivatePostgres,
    ),
  ]);
  process.env[HANDOVER.redis] = JSON.stringify(found[0].server);
  process.env[HANDOVER.postgres] = JSON.stringify(found[1].server);
  const folder = await mkdtemp(join(tmpdir(), 'nestjs-jobs-test-'));
  process.env[HANDOVER.sqlite] = folder;
  return async () => {
    await Promise.all(found.map(({ stop }) => stop()));
    await rm(folder, { recursive: true, force: true });
  };
}

interface Provided {
  server: SharedServer;
  stop: () => Promise<void>;
}

async function provide(
  variable: 'REDIS_URL' | 'DATABASE_URL',
  localUrls: string[],
  ping: (url: string) => Promise<void>,
  whyNotPrivate: () => string | undefined,
  startPrivate: () => Promise<{ url: string; stop(): Promise<void> }>,
): Promise<Provided> {
  const configured = process.env[variable];
  if (configured) {
    // A server that was asked for and is down is an error, not a reason to test against another
    // one.
    await ping(configured).catch((cause: unknown) => {
      throw new Error(`${variable} is set, but that server does not answer`, { cause });
    });
    return { server: { available: true, url: configured }, stop: notOurs };
  }
  for (const url of localUrls) {
    if (await answers(ping, url)) return { server: { available: true, url }, stop: notOurs };
  }
  const obstacle = whyNotPrivate();
  if (obstacle) {
    const reason = `${variable} is not set, no local server answers, and ${obstacle}`;
    return { server: { available: false, reason }, stop: notOurs };
  }
  const server = await startPrivate();
  return { server: { available: true, url: server.url }, stop: () => server.stop() };
}

/** A server that was there before is left running. */
async function notOurs(): Promise<void> {}

async function answers(ping: (url: string) => Promise<void>, url: string): Promise<boolean> {
  return ping(url).then(
    () => true,
    () => false,
  );
}

function receive(variable: string): SharedServer {
  return JSON.parse(handedOver(variable)) as SharedServer;
}

function handedOver(variable: string): string {
  const value = process.env[variable];
  if (!value) throw new Error(`${variable} is unset: test/support/global-setup.ts did not run`);
  return value;
}
