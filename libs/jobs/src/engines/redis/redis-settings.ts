import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { JobsConfigurationError } from '../../errors/index.js';
import { hideSecrets, type JobsConnection } from '../../options/index.js';
import { decoded, faultsOfParts } from '../address-parts.js';
import { RELIED_ON_OF_CLUSTER } from './relied-on-settings.js';

/** What is used of the ioredis package, which is loaded when it is needed. */
export type RedisDriver = Pick<typeof import('ioredis'), 'Redis'>;

/** One connection to Redis, or one to each node of a Cluster. */
export type RedisClient = Redis | Cluster;

/** A `connection` that means Redis. */
export type RedisTarget = string | RedisOptions | Redis | Cluster;

const OPTION_KEYS = ['host', 'port', 'path', 'sentinels', 'url'];

/** Whether a `connection` means Redis. @internal */
export function isRedisConnection(
  connection: JobsConnection,
): connection is JobsConnection & RedisTarget {
  if (typeof connection === 'string') return /^rediss?:/i.test(connection);
  if (isRedisClient(connection)) return true;
  if (Object.getPrototypeOf(connection) !== Object.prototype) return false;
  const isPostgres = 'connectionString' in connection || 'database' in connection;
  return !isPostgres && OPTION_KEYS.some((key) => key in connection);
}

/** ioredis clients alone have `defineCommand`; other drivers' clients are not supported. */
function isRedisClient(connection: object): connection is RedisClient {
  const { connect, duplicate, defineCommand } = connection as Partial<Redis>;
  return [connect, duplicate, defineCommand].every((member) => typeof member === 'function');
}

/** Whether the connection is an ioredis Cluster. @internal */
export function isCluster(connection: RedisTarget): connection is Cluster {
  return typeof connection === 'object' && isRedisClient(connection) && connection.isCluster;
}

/**
 * Refuses what would fail later and less clearly.
 * @throws JobsConfigurationError without any part of the URL, which may hold a password
 * @internal
 */
export function assertRedisTarget(connection: RedisTarget): void {
  const options = optionsOf(connection);
  const problems: string[] = [];
  const field = typeof connection === 'string' ? 'connection' : 'connection.url';
  if (options.url !== undefined && !isRedisUrl(options.url)) {
    problems.push(
      `JobsModule.forRoot(): "${field}" expected a URL such as redis://user:password@host:6379, got one that ` +
        'cannot be read. Percent-encode what is special in its user and password (encodeURIComponent)',
    );
  } else if (hasKeyPrefix(options)) {
    problems.push(
      'JobsModule.forRoot(): "connection" has the ioredis option "keyPrefix", which jobs cannot use. Use the ' +
        'option "prefix" of JobsModule.forRoot() instead',
    );
  }
  problems.push(...faultsOf(options, field));
  if (problems.length > 0) throw new JobsConfigurationError(problems);
}

/** Of the parts of the address, by options and in a URL: errors of the driver would repeat them. */
function faultsOf(options: TargetOptions, field: string): string[] {
  const { url, sentinels } = options;
  const problems = faultsOfParts({ ...options }, (part) => `"connection.${part}"`);
  if (isRedisUrl(url)) {
    const { username, searchParams } = new URL(url);
    const parts = { username: decoded(username), ...Object.fromEntries(searchParams) };
    problems.push(...faultsOfParts(parts, (part) => `the ${part} in "${field}"`));
  }
  if (sentinels !== undefined && sentinels !== null) problems.push(...faultsOfSentinels(sentinels));
  return problems;
}

function faultsOfSentinels(sentinels: unknown): string[] {
  if (!Array.isArray(sentinels) || sentinels.some((one) => typeof one?.host !== 'string')) {
    return [
      'JobsModule.forRoot(): "connection.sentinels" expected a list of { host, port }, got something else',
    ];
  }
  return sentinels.flatMap((one: Record<string, unknown>, at) =>
    faultsOfParts(one, (part) => `"connection.sentinels[${at}].${part}"`),
  );
}

/** What is looked at of options, a client's, or those of a Cluster's nodes. */
interface TargetOptions {
  readonly url?: unknown;
  readonly sentinels?: unknown;
  readonly keyPrefix?: string;
  readonly redisOptions?: { readonly keyPrefix?: string };
}

function optionsOf(connection: RedisTarget): TargetOptions {
  if (typeof connection === 'string') return { url: connection };
  return isRedisClient(connection) ? connection.options : connection;
}

function isRedisUrl(url: unknown): url is string {
  if (typeof url !== 'string' || !/^rediss?:\/\//i.test(url) || !URL.canParse(url)) return false;
  const { hostname, pathname, username, password } = new URL(url);
  // The rest of a password with an unencoded slash; the path of a socket may have one.
  if (hostname !== '' && pathname.includes('@')) return false;
  try {
    decodeURIComponent(username + password);
    return true;
  } catch {
    return false;
  }
}

function hasKeyPrefix({ url, keyPrefix, redisOptions }: TargetOptions): boolean {
  // ioredis takes options from the URL too.
  const inUrl =
    url === undefined ? undefined : new URL(url as string).searchParams.get('keyPrefix');
  return Boolean(keyPrefix || redisOptions?.keyPrefix || inUrl);
}

/** Host and port, without credentials. @internal */
export function redisAddress(connection: RedisTarget): string {
  return hideSecrets(addressOf(connection));
}

function addressOf(connection: RedisTarget): string {
  if (typeof connection === 'string') return addressOfUrl(connection);
  if (isCluster(connection)) return connection.nodes().map(addressOfNode).join(', ') || 'a cluster';
  const options = isRedisClient(connection) ? connection.options : connection;
  return addressOfNode({ options });
}

function addressOfNode({ options }: { options: RedisOptions & { url?: string } }): string {
  if (options.url !== undefined) return addressOfUrl(options.url);
  if (options.sentinels) {
    const sentinels = options.sentinels.map(({ host, port }) => `${host}:${port ?? 26379}`);
    return `${options.name ?? 'master'} by sentinels ${sentinels.join(', ')}`;
  }
  return options.path ?? `${options.host ?? 'localhost'}:${options.port ?? 6379}`;
}

function addressOfUrl(url: string): string {
  const { hostname, port, pathname } = new URL(url);
  return hostname === '' ? pathname : `${hostname}:${port || '6379'}`;
}

/**
 * A new client for that connection; one that was given is never used itself, only its options, so
 * that its settings need not suit us and ours do not change it.
 * @param overrides take precedence over what the connection says
 * @internal
 */
export function openRedis(
  driver: RedisDriver,
  connection: RedisTarget,
  overrides: RedisOptions,
): RedisClient {
  if (typeof connection === 'string') return openUrl(driver, connection, overrides);
  if (isCluster(connection)) return duplicateCluster(connection, overrides);
  if (isRedisClient(connection)) return connection.duplicate(overrides);
  const { url, ...options } = connection as RedisOptions & { url?: string };
  const merged = { ...options, ...overrides };
  return url === undefined ? new driver.Redis(merged) : openUrl(driver, url, merged);
}

/** To ioredis, what a URL says goes before the options. */
function openUrl(driver: RedisDriver, url: string, options: RedisOptions): Redis {
  const address = new URL(url);
  for (const name of Object.keys(options)) address.searchParams.delete(name);
  return new driver.Redis(address.href, options);
}

/** A copy of a client. @internal */
export function duplicateRedis(client: RedisClient, overrides: RedisOptions): RedisClient {
  return client.isCluster
    ? duplicateCluster(client as Cluster, overrides)
    : (client as Redis).duplicate(overrides);
}

/** A Cluster takes its own options at the top and those of each node's connection below. */
function duplicateCluster(cluster: Cluster, overrides: RedisOptions): Cluster {
  const { lazyConnect = false, ...redisOptions } = overrides;
  return cluster.duplicate(undefined, {
    ...RELIED_ON_OF_CLUSTER,
    lazyConnect,
    redisOptions: { ...cluster.options.redisOptions, ...redisOptions },
  });
}

/** What it takes to end a client, an ioredis one or BullMQ's wrapper around one. */
interface Endable {
  readonly status: string;
  connect(): Promise<unknown>;
  disconnect(): void;
}

/**
 * Ends a client's connection for good. Between two attempts to connect, `disconnect()` alone would
 * stop the attempts and leave commands that wait for one without an answer for ever; a new attempt
 * that is ended at once makes them reject.
 * @internal
 */
export function endRedis(client: Endable): void {
  if (client.status === 'reconnecting') client.connect().catch(() => undefined);
  client.disconnect();
}
