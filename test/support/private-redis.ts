import { Redis } from 'ioredis';
import { findBinary, PrivateServer } from './private-server.js';

/** A Redis server that one test owns. */
export interface PrivateRedis {
  readonly url: string;
  readonly port: number;
  /** Sends a signal (default SIGKILL) and waits for the end, except for SIGSTOP and SIGCONT. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts again on the same data and port; memory-only data is gone, as in production. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface PrivateRedisOptions {
  /** Keep an append-only file, synced every second, so that data survives a kill. Default false. */
  appendonly?: boolean;
  /** More settings, e.g. `{ 'maxmemory-policy': 'allkeys-lru' }`. */
  settings?: Record<string, string>;
}

/** Why private Redis servers cannot be started here, or undefined when they can. */
export function whyNoPrivateRedis(): string | undefined {
  return findBinary('redis-server') ? undefined : 'redis-server is not on PATH';
}

/** Starts a Redis server on a free port; throws when `whyNoPrivateRedis()` gives a reason. */
export async function startPrivateRedis(options: PrivateRedisOptions = {}): Promise<PrivateRedis> {
  const binary = findBinary('redis-server');
  if (!binary) throw new Error(whyNoPrivateRedis());
  const settings = {
    save: '',
    appendonly: options.appendonly ? 'yes' : 'no',
    appendfsync: 'everysec',
    'maxmemory-policy': 'noeviction',
    ...options.settings,
  };
  const server = await PrivateServer.start({
    name: 'redis',
    binary,
    stopSignal: 'SIGTERM',
    ping: (port) => pingRedis(redisUrl(port)),
    arguments: (folder, port) =>
      Object.entries({ bind: '127.0.0.1', port: String(port), dir: folder, ...settings }).flatMap(
        ([name, value]) => [`--${name}`, value],
      ),
  });
  return {
    url: redisUrl(server.port),
    port: server.port,
    kill: (signal) => server.kill(signal),
    restart: () => server.restart(),
    stop: () => server.stop(),
  };
}

/** Resolves when a Redis server answers with PONG: one that still loads its data does not. */
export async function pingRedis(url: string): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 2_000,
    commandTimeout: 2_000,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
  });
  // The rejected command carries the reason; an unheard 'error' event would be printed.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.ping();
  } finally {
    client.disconnect();
  }
}

function redisUrl(port: number): string {
  return `redis://127.0.0.1:${port}`;
}
