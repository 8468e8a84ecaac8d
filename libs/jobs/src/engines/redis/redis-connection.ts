import { Logger } from '@nestjs/common';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { JobsConfigurationError, StoreUnreachableError } from '../../errors/index.js';
import { withDeadline } from '../deadline.js';
import { importDriver } from '../import-driver.js';
import { forDriver } from '../../timers/index.js';
import { watchConnection } from './connection-watch.js';
import { isFatalConnectError, withoutCredentials } from './redis-errors.js';
import { defineScripts } from './redis-scripts.js';
import {
  duplicateRedis,
  endRedis,
  isCluster,
  openRedis,
  redisAddress,
  type RedisClient,
  type RedisTarget,
} from './redis-settings.js';

/** What the server is, as far as BullMQ chooses commands by it. */
export interface RedisServer {
  readonly version: string;
  readonly type: 'redis' | 'valkey' | 'dragonfly';
}

const MINIMUM_VERSION = '6.2.0';

/**
 * After this long without a reply that is due, a connection is given up: a peer that vanished
 * without closing it would otherwise be waited for without end. Longer than the longest blocking
 * wait (10 s), so that an idle worker does not reconnect. The shared connection is watched in a way
 * that costs less: see watchConnection.
 */
const SOCKET_TIMEOUT_MS = 15_000;

/** Commands are kept and sent again when the connection is back, however long that takes. */
const OPTIONS: RedisOptions = {
  maxRetriesPerRequest: null,
  enableOfflineQueue: true,
  autoResendUnfulfilledCommands: true,
  keepAlive: 10_000,
  retryStrategy: (times) => Math.min(50 * 2 ** Math.min(times, 6), 2_000) + Math.random() * 100,
  // A failover leaves connections to what is now a replica. 2: reconnect and send the command again.
  reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
};

/**
 * The engine's connections: one that all queues and workers of the process share, and copies of it
 * for what must not share one (a worker's blocking wait, subscriptions).
 * @internal
 */
export class SharedRedis {
  private shared: RedisClient | undefined;
  private readonly copies = new Set<RedisClient>();
  private facts: RedisServer = { version: '7.0.0', type: 'redis' };
  private losses = 0;
  private stopWatching = (): void => undefined;
  private closed = false;

  constructor(
    private readonly target: RedisTarget,
    private readonly connectTimeoutMs: number,
  ) {}

  /** Host and port; a Cluster knows its nodes when it is connected. */
  get address(): string {
    return redisAddress(this.target);
  }

  /** The shared client. @throws StoreUnreachableError before `connect()` and after `close()` */
  get client(): RedisClient {
    if (this.shared && !this.closed) return this.shared;
    throw this.unreachable(
      this.closed ? 'the engine is closed' : 'the engine is not connected yet',
    );
  }

  get isClosed(): boolean {
    return this.closed;
  }

  get server(): RedisServer {
    return this.facts;
  }

  /** How often the shared connection was lost: a command during which it rose may have run twice. */
  get connectionLosses(): number {
    return this.losses;
  }

  /**
   * Connects, retrying until `connectTimeout` is over unless retrying is of no use.
   * @throws MissingDriverError, StoreUnreachableError, JobsConfigurationError
   */
  async connect(): Promise<void> {
    if (this.shared) return;
    const driver = await importDriver('redis', 'ioredis', () => import('ioredis'));
    const client = openRedis(driver, this.target, {
      ...OPTIONS,
      ...(isCluster(this.target) && { socketTimeout: SOCKET_TIMEOUT_MS }),
      connectTimeout: forDriver(this.connectTimeoutMs),
      lazyConnect: true,
    });
    try {
      await this.waitUntilReady(client);
      this.facts = await this.inspect(client);
    } catch (error) {
      endRedis(client);
      throw error;
    }
    this.countLosses(client);
    defineScripts(client);
    if (!client.isCluster) this.stopWatching = watchConnection(client as Redis);
    this.shared = client;
  }

  /** A copy of the shared client, which `close()` closes too. */
  duplicate(overrides: RedisOptions = {}): RedisClient {
    const copy = duplicateRedis(this.client, {
      ...OPTIONS,
      socketTimeout: SOCKET_TIMEOUT_MS,
      lazyConnect: false,
      ...overrides,
    });
    // First of its listeners: see withoutCredentials. It also keeps an error from crashing the process.
    copy.on('error', withoutCredentials);
    this.copies.add(copy);
    copy.once('end', () => this.copies.delete(copy));
    return copy;
  }

  /** Ends all connections at once; commands that wait for an answer reject. */
  close(): void {
    this.closed = true;
    this.stopWatching();
    for (const client of [...this.copies, this.shared]) if (client) endRedis(client);
  }

  unreachable(reason: string, cause?: unknown): StoreUnreachableError {
    return new StoreUnreachableError('redis', this.address, reason, { cause });
  }

  /** A Cluster goes on when one of its nodes is lost: then the node alone says so. */
  private countLosses(client: RedisClient): void {
    const count = (): number => (this.losses += 1);
    const watch = (lost: RedisClient): unknown => lost.on('close', count);
    watch(client);
    if (!client.isCluster) return;
    const cluster = client as Cluster;
    for (const node of cluster.nodes()) watch(node);
    cluster.on('+node', watch);
  }

  private async waitUntilReady(client: RedisClient): Promise<void> {
    let last: Error | undefined;
    const ready = new Promise<void>((resolve, reject) => {
      client.on('error', (error: Error) => {
        last = withoutCredentials(error);
        if (isFatalConnectError(error)) reject(this.unreachable(reasonOf(error), error));
      });
      client.once('ready', () => resolve());
      // Its promise rejects at the first failed attempt, while the client goes on trying.
      client.connect().catch(() => undefined);
    });
    await withDeadline(ready, this.connectTimeoutMs, () => {
      const reason = last ? reasonOf(last) : `no answer within ${this.connectTimeoutMs} ms`;
      return this.unreachable(reason, last);
    });
  }

  private async inspect(client: RedisClient): Promise<RedisServer> {
    const info = await withDeadline(client.info(), this.connectTimeoutMs, () =>
      this.unreachable(`no answer within ${this.connectTimeoutMs} ms`),
    ).catch((error: unknown) => {
      // A least-privilege account may not be allowed to ask.
      if (error instanceof Error && error.message.startsWith('NOPERM')) return '';
      throw error;
    });
    const field = (name: string): string | undefined =>
      new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
    this.warnOfEviction(field('maxmemory_policy'), Number(field('maxmemory') ?? 0));
    const valkey = field('valkey_version');
    const dragonfly = field('dragonfly_version')?.replace(/^\D+/, '');
    if (dragonfly !== undefined) return { version: dragonfly, type: 'dragonfly' };
    if (valkey !== undefined) return { version: valkey, type: 'valkey' };
    const version = field('redis_version') ?? this.facts.version;
    if (isOlder(version, MINIMUM_VERSION)) {
      throw new JobsConfigurationError([
        `connection: expected Redis ${MINIMUM_VERSION} or newer, got ${version} at ${this.address}`,
      ]);
    }
    return { version, type: 'redis' };
  }

  private warnOfEviction(policy: string | undefined, maxMemory: number): void {
    if (policy === undefined || policy === 'noeviction' || !(maxMemory > 0)) return;
    new Logger('Jobs').warn(
      `Redis at ${this.address} may delete jobs when its memory is full: maxmemory-policy is "${policy}". ` +
        'Set it to "noeviction".',
    );
  }
}

function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  return error.message || code || error.name;
}

function isOlder(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [minMajor = 0, minMinor = 0] = minimum.split('.').map(Number);
  return major < minMajor || (major === minMajor && minor < minMinor);
}
