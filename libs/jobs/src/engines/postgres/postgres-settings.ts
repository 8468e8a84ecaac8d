import { isPgPool, type PgPool, type PgPoolConfig } from 'bullmq';
import { JobsConfigurationError } from '../../errors/index.js';
import type { JobsConnection } from '../../options/index.js';

/** A `connection` that means PostgreSQL. */
export type PostgresTarget = string | PgPool | PgPoolConfig;

/** Whether a `connection` means PostgreSQL. @internal */
export function isPostgresConnection(
  connection: JobsConnection,
): connection is JobsConnection & PostgresTarget {
  if (typeof connection === 'string') return /^postgres(?:ql)?:/i.test(connection);
  if (isPool(connection)) return true;
  if (Object.getPrototypeOf(connection) !== Object.prototype) return false;
  return 'connectionString' in connection || 'database' in connection;
}

/** A single `pg.Client` has the same methods, but one transaction on it would hold up everything. */
function isPool(connection: object): connection is PgPool {
  return isPgPool(connection) && 'totalCount' in connection;
}

/**
 * Options for a pool of our own. One that was given is not used itself: BullMQ's statements name no
 * schema and so need a `search_path`, and setting that on the application's connections would change
 * what the application's own statements mean. So the pool lends its options: address, credentials,
 * TLS, size.
 * @internal
 */
export function poolConfigOf(target: PostgresTarget): PgPoolConfig {
  if (typeof target === 'string') return { connectionString: target };
  if (!isPool(target)) return target;
  const { options } = target as { options?: PgPoolConfig };
  if (options) return copyOf(options);
  throw new JobsConfigurationError([
    'connection: expected a pg.Pool with options, got a pool without. Pass the options of the pool instead.',
  ]);
}

/** pg hides the password from enumeration, so a spread alone would lose it. */
function copyOf(options: PgPoolConfig): PgPoolConfig {
  const { password } = options;
  return password === undefined ? { ...options } : { ...options, password };
}

/** Host and port, without credentials. @internal */
export function postgresAddress(target: PostgresTarget): string {
  const { connectionString, host, port } = poolConfigOf(target);
  if (connectionString !== undefined) return addressOfUrl(connectionString);
  return `${host ?? process.env.PGHOST ?? 'localhost'}:${port ?? process.env.PGPORT ?? 5432}`;
}

function addressOfUrl(url: string): string {
  if (!URL.canParse(url)) return 'an address that is no URL';
  const { hostname, port, searchParams } = new URL(url);
  const host = hostname || (searchParams.get('host') ?? 'localhost');
  return `${host}:${port || '5432'}`;
}
