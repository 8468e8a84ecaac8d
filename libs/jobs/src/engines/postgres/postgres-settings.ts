import { isPgPool, type PgPool, type PgPoolConfig } from 'bullmq';
import { JobsConfigurationError } from '../../errors/index.js';
import { hideSecrets, type JobsConnection } from '../../options/index.js';
import { decoded, faultsOfParts } from '../address-parts.js';

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

/**
 * A single `pg.Client` has the same methods, but one transaction on it would hold up everything.
 */
function isPool(connection: object): connection is PgPool {
  return isPgPool(connection) && 'totalCount' in connection;
}

/**
 * Options for a pool of our own. One that was given is not used itself: BullMQ's statements name no
 * schema and so need a `search_path`, and setting that on the application's connections would
 * change what the application's own statements mean. So the pool lends its options: address,
 * credentials, TLS, size.
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

/**
 * What the driver reads as an address: a URL, or the folder of a socket. Of others it makes the
 * name of a database.
 */
const READABLE = /^(?:[a-z][a-z0-9+.-]*:\/\/|socket:|\/)/i;

/**
 * Refuses what the driver would take for something else, and repeat in its errors.
 * @param field the option that it was given for
 * @throws JobsConfigurationError without any part of what was given, which may hold a password
 * @internal
 */
export function assertPostgresTarget(target: PostgresTarget, field: string): void {
  const config = poolConfigOf(target);
  const { connectionString } = config;
  const where = typeof target === 'string' ? field : `${field}.connectionString`;
  const problems: string[] = [];
  if (connectionString !== undefined && !isReadable(connectionString)) {
    problems.push(
      `JobsModule.forRoot(): "${where}" expected a URL such as postgres://user:password@host:5432/database, got one ` +
        'that cannot be read. Percent-encode what is special in its user and password (encodeURIComponent)',
    );
  }
  problems.push(...faultsOfParts({ ...config }, (part) => `"${field}.${part}"`, field));
  const inUrl = partsOfUrl(connectionString);
  problems.push(...faultsOfParts(inUrl, (part) => `the ${part} in "${where}"`, field));
  if (problems.length > 0) throw new JobsConfigurationError(problems);
}

/** As the driver reads them: what the query says goes before the rest of the URL. */
function partsOfUrl(url: unknown): Record<string, unknown> {
  if (typeof url !== 'string' || !URL.canParse(url)) return {};
  const { username, hostname, pathname, searchParams } = new URL(url);
  return {
    user: decoded(username),
    host: decoded(hostname),
    database: decoded(pathname.slice(1)),
    ...Object.fromEntries(searchParams),
  };
}

/** An `@` after the host is the rest of a password with an unencoded slash. */
function isReadable(address: string): boolean {
  if (!READABLE.test(address)) return false;
  return !URL.canParse(address) || !new URL(address).pathname.includes('@');
}

/** pg hides the password from enumeration, so a spread alone would lose it. */
function copyOf(options: PgPoolConfig): PgPoolConfig {
  const { password } = options;
  return password === undefined ? { ...options } : { ...options, password };
}

/** Host and port, without credentials. @internal */
export function postgresAddress(target: PostgresTarget): string {
  return hideSecrets(addressOf(target));
}

function addressOf(target: PostgresTarget): string {
  const { connectionString, host, port } = poolConfigOf(target);
  if (connectionString !== undefined) return addressOfUrl(connectionString);
  return `${host ?? process.env.PGHOST ?? 'localhost'}:${port ?? process.env.PGPORT ?? 5432}`;
}

/** As the driver reads it: what the query says goes before the rest of the URL. */
function addressOfUrl(url: string): string {
  if (!URL.canParse(url)) return 'an address that is no URL';
  const { hostname, port, searchParams } = new URL(url);
  const host = (searchParams.get('host') ?? hostname) || (process.env.PGHOST ?? 'localhost');
  return `${host}:${(searchParams.get('port') ?? port) || (process.env.PGPORT ?? 5432)}`;
}
