import type { Engine } from '../contracts/index.js';
import { JobsConfigurationError } from '../errors/index.js';
import { isLikeUrl, type JobsConnection, type ResolvedOptions } from '../options/index.js';
import { describeObject } from './describe-object.js';
import { PostgresEngine } from './postgres/postgres-engine.js';
import { isPostgresConnection, type PostgresTarget } from './postgres/postgres-settings.js';
import { RedisEngine } from './redis/redis-engine.js';
import { isRedisConnection } from './redis/redis-settings.js';
import { SqliteEngine } from './sqlite/sqlite-engine.js';
import { hasPairs, isSqliteConnection } from './sqlite/sqlite-settings.js';

/**
 * Picks the engine by what `connection` is. Nothing is loaded or opened before `connect()`.
 * @throws JobsConfigurationError when no engine takes such a connection
 * @internal
 */
export function createEngine(options: ResolvedOptions): Engine {
  const { connection } = options;
  const direct = directConnectionOf(options);
  if (isRedisConnection(connection)) return new RedisEngine(options, connection);
  if (isPostgresConnection(connection)) return new PostgresEngine(options, connection, direct);
  if (isSqliteConnection(connection)) return new SqliteEngine(options, connection);
  throw refusal('connection', EXPECTED, connection);
}

function directConnectionOf({
  connection,
  directConnection,
}: ResolvedOptions): PostgresTarget | undefined {
  if (directConnection === undefined || !isPostgresConnection(connection)) return undefined;
  if (!isPostgresConnection(directConnection)) {
    throw refusal('directConnection', EXPECTED_DIRECT, directConnection);
  }
  return directConnection;
}

const EXPECTED =
  "'file:…', ':memory:', a path that ends in .sqlite or .db, or what sqlite() of bullmq-sqlite returns; or " +
  "'redis://…' or 'rediss://…', ioredis options (host, port, path or sentinels), an ioredis client or Cluster; " +
  "or 'postgres://…', a pg.Pool, pool options with connectionString or database";

const EXPECTED_DIRECT =
  "'postgres://…', a pg.Pool, or pool options with connectionString or database";

/** Names the kind of thing, never its contents: they may hold a password. */
function refusal(
  option: 'connection' | 'directConnection',
  expected: string,
  given: JobsConnection,
): JobsConfigurationError {
  const got = typeof given === 'string' ? describeText(given) : describeObject(given);
  return new JobsConfigurationError([
    `JobsModule.forRoot(): "${option}" expected ${expected}, got ${got}`,
  ]);
}

function describeText(text: string): string {
  if (hasPairs(text))
    return "pairs as 'host=… dbname=…'; write them as 'postgres://user:password@host:5432/database'";
  const protocol = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1];
  if (isLikeUrl(text) && !text.startsWith(`${protocol}://`))
    return "an address without its protocol; write it before: 'redis://…' or 'postgres://…'; or 'file:' before the path of a file";
  return protocol === undefined ? 'a string that is no URL' : `a URL with "${protocol}:"`;
}
