import {
  ConnectionClosedError,
  RedisConnection,
  type BackendFactory,
  type KeyPrefixOptions,
} from 'bullmq';
import { SafeRedisBackend } from './redis-backend.js';
import type { SharedRedis } from './redis-connection.js';
import { endRedis, type RedisClient } from './redis-settings.js';

type DatabaseType = RedisConnection['databaseType'];

/**
 * BullMQ's wrapper around one client. It is told what the server is instead of asking again for
 * each queue, which an account with few rights may not be allowed to.
 * @internal
 */
export class BackendRedisConnection extends RedisConnection {
  constructor(
    client: RedisClient,
    private readonly redis: SharedRedis,
    private readonly kind: 'shared' | 'blocking',
  ) {
    super(client, {
      shared: kind === 'shared',
      blocking: kind === 'blocking',
      skipVersionCheck: true,
    });
    // BullMQ sets these when the client is ready, from the version that it was told to skip.
    this.client.then(
      () => (this.capabilities = { canDoubleTimeout: true, canBlockFor1Ms: canBlockFor1Ms(redis) }),
      () => undefined,
    );
  }

  override get redisVersion(): string {
    return this.redis.server.version;
  }

  override get databaseType(): DatabaseType {
    return this.redis.server.type;
  }

  /** BullMQ's worker revives its blocking connection, which would outlive the engine. */
  override async reconnect(): Promise<void> {
    if (this.redis.isClosed) throw new ConnectionClosedError();
    await super.reconnect();
  }

  /** Closing one queue the hard way must not cut off the others. */
  override async disconnect(wait?: boolean): Promise<void> {
    if (this.kind === 'shared') return;
    // BullMQ waits for the connection to be there, or to end: neither comes while the server is
    // away.
    const isAway = this.status === 'initializing' || this._client.status === 'reconnecting';
    if (isAway) endRedis(this._client);
    else await super.disconnect(wait);
  }
}

/**
 * Builds backends as BullMQ does, except that all of them share one client: a worker adds one
 * connection for its blocking wait, a QueueEvents one for its blocking read, a queue none.
 * @param prefix for classes that others construct with the connection alone
 * @internal
 */
export function redisBackendFactory(redis: SharedRedis, prefix: string): BackendFactory {
  return (name, opts, { blocking = false, withBlockingConnection = false } = {}) => {
    const options = { ...opts, prefix: (opts as KeyPrefixOptions).prefix ?? prefix };
    const connect = (connectionName?: string): BackendRedisConnection => {
      const client = redis.duplicate(connectionName === undefined ? {} : { connectionName });
      return new BackendRedisConnection(client, redis, 'blocking');
    };
    const main = blocking ? connect() : new BackendRedisConnection(redis.client, redis, 'shared');
    const wait = withBlockingConnection ? connect(workerName(name, options)) : undefined;
    return new SafeRedisBackend(redis, options, main, name, wait);
  };
}

/** The name by which `Queue.getWorkers()` finds a worker among the server's clients. */
function workerName(queue: string, options: { prefix: string; name?: string }): string {
  const base = `${options.prefix}:${Buffer.from(queue).toString('base64')}`;
  return options.name ? `${base}:w:${options.name}` : base;
}

/** Redis before 7.0.8 rounds a shorter timeout to none, which would wait without end. */
function canBlockFor1Ms({ server }: SharedRedis): boolean {
  if (server.type !== 'redis') return true;
  const [major = 0, minor = 0, patch = 0] = server.version.split('.').map(Number);
  return major > 7 || (major === 7 && (minor > 0 || patch >= 8));
}
