import { JobsConfigurationError } from '../../errors/index.js';

/** What the server is, as far as BullMQ chooses commands by it. */
export interface RedisServer {
  readonly version: string;
  readonly type: 'redis' | 'valkey' | 'dragonfly';
}

/** What a server says of itself. */
export interface ServerFacts {
  readonly server: RedisServer;
  /** E.g. `standalone`, `cluster` or `sentinel`; undefined where it does not say. */
  readonly mode: string | undefined;
  /** Host and port of the primary that it is a read-only replica of. */
  readonly primary: string | undefined;
  /** The policy by which it deletes keys when its memory is full, if it may. */
  readonly eviction: string | undefined;
}

const MINIMUM_VERSION = '6.2.0';

/** Taken for the version of a server that does not say. */
const ASSUMED_VERSION = '7.0.0';

/**
 * Reads a server's answer to INFO.
 * @throws JobsConfigurationError when it is too old
 * @internal
 */
export function serverFacts(info: string, address: string): ServerFacts {
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const policy = field('maxmemory_policy');
  const mayEvict = Number(field('maxmemory') ?? 0) > 0 && policy !== 'noeviction';
  const isReadOnly = field('role') === 'slave' && field('slave_read_only') !== '0';
  return {
    server: serverOf(field, address),
    mode: field('redis_mode'),
    primary: isReadOnly ? `${field('master_host')}:${field('master_port')}` : undefined,
    eviction: mayEvict ? policy : undefined,
  };
}

function serverOf(field: (name: string) => string | undefined, address: string): RedisServer {
  const valkey = field('valkey_version');
  const dragonfly = field('dragonfly_version')?.replace(/^\D+/, '');
  if (dragonfly !== undefined) return { version: dragonfly, type: 'dragonfly' };
  if (valkey !== undefined) return { version: valkey, type: 'valkey' };
  const version = field('redis_version') ?? ASSUMED_VERSION;
  if (isOlder(version, MINIMUM_VERSION)) {
    throw new JobsConfigurationError([
      `connection: expected Redis ${MINIMUM_VERSION} or newer, got ${version} at ${address}`,
    ]);
  }
  return { version, type: 'redis' };
}

function isOlder(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minMajor = 0, minMinor = 0] = minimum.split('.').map(Number);
  return major < minMajor || (major === minMajor && minor < minMinor);
}
