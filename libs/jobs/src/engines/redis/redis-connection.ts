import { Logger } from '@nestjs/common';
import type { Cluster, Redis, RedisOptions } from 'ioredis';
import { JobsConfigurationError, StoreUnreachableError } from '../../errors/index.js';
import { withDeadline } from '../../lifecycle/index.js';
import { importDriver } from '../import-driver.js';
import { forDriver, monotonicNow } from '../../timers/index.js';
import { StoreClock } from '../store-clock.js';
import { watchConnection } from './connection-watch.js';
import { assertIoredis } from './ioredis.seams.js';
import { letGoWhenIdle } from './idle-socket.js';
import { isFatalConnectError, withoutCredentials } from './redis-errors.js';
import { RELIED_ON } from './relied-on-settings.js';
import { defineScripts } from './redis-scripts.js';
import { serverFacts, type RedisServer, type ServerFacts } from './server-facts.js';
import {
  duplicateRedis,
  endRedis,
  isCluster,
  openRedis,
  redisAddress,
  type RedisClient,
  type RedisTarget,
} from './redis-settings.js';

/**
 * After this long without a reply that is due, a connection is given up: a peer that vanished
 * without closing it would otherwise be waited for without end. Longer than the longest blocking
 * wait (10 s), so that an idle worker does not reconnect. The shared connection is watched in a way
 * that costs less: see watchConnection.
 */
const SOCKET_TIMEOUT_MS = 15_000;

const SERVER_TITLES = { redis: 'Redis', valkey: 'Valkey', dragonfly: 'Dragonfly' } as const;

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
  private readonly clock = new StoreClock();
  private isMeasuring = false;
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

  /** What the server is, where, and which of its databases; for people to read. */
  describe(): string {
    const title = SERVER_TITLES[this.facts.type];
    const { options, isCluster: isOneOfMany } = this.client;
    if (isOneOfMany) return `${title} Cluster at ${this.address}`;
    return `${title} at ${this.address}, database ${(options as RedisOptions).db ?? 0}`;
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

  /**
   * How often the shared connection was lost: a command during which it rose may have run twice.
   */
  get connectionLosses(): number {
    return this.losses;
  }

  /**
   * What to add to this process's time to get the server's, in ms. Nothing waits for a better
   * estimate.
   */
  get clockOffset(): number {
    if (this.clock.isStale) void this.measureClock().catch(() => undefined);
    return this.clock.offset;
  }

  /** The server's clock, Unix milliseconds. */
  async now(): Promise<number> {
    return this.timeOf(this.client);
  }

  /**
   * Connects, retrying until `connectTimeout` is over unless retrying is of no use.
   * @throws MissingDriverError, StoreUnreachableError, JobsConfigurationError
   */
  async connect(): Promise<void> {
    if (this.shared) return;
    const driver = await importDriver('redis', 'ioredis', () => import('ioredis'));
    await assertIoredis(driver);
    const client = openRedis(driver, this.target, {
      ...RELIED_ON,
      ...(isCluster(this.target) && { socketTimeout: SOCKET_TIMEOUT_MS }),
      connectTimeout: forDriver(this.connectTimeoutMs),
      lazyConnect: true,
    });
    this.letGo(client);
    try {
      await this.waitUntilReady(client);
      this.facts = await this.inspect(client);
      await withDeadline(this.measureClock(client), this.connectTimeoutMs, () =>
        this.unreachable(`no answer within ${this.connectTimeoutMs} ms`),
      );
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
      ...RELIED_ON,
      socketTimeout: SOCKET_TIMEOUT_MS,
      lazyConnect: false,
      ...overrides,
    });
    // First of its listeners: see withoutCredentials. It also keeps an error from crashing the
    // process.
    copy.on('error', withoutCredentials);
    this.letGo(copy);
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

  private async measureClock(client = this.client): Promise<void> {
    if (this.isMeasuring) return;
    this.isMeasuring = true;
    try {
      const sentAt = monotonicNow();
      const storeMs = await this.timeOf(client);
      this.clock.record(storeMs, sentAt, monotonicNow());
    } finally {
      this.isMeasuring = false;
    }
  }

  private async timeOf(client: RedisClient): Promise<number> {
    const [seconds, micros] = await client.time();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  }

  /** See letGoWhenIdle: of a Cluster's nodes, each. */
  private letGo(client: RedisClient): void {
    if (!client.isCluster) return letGoWhenIdle(client as Redis);
    const cluster = client as Cluster;
    for (const node of cluster.nodes()) letGoWhenIdle(node);
    cluster.on('+node', letGoWhenIdle);
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
    const facts = serverFacts(info, this.address);
    if (!client.isCluster) this.refuseUnfit(facts);
    if (facts.eviction !== undefined) this.warnOfEviction(facts.eviction);
    return facts.server;
  }

  /** Refuses a server that answers, but stores no jobs: what would come of it is less clear. */
  private refuseUnfit({ mode, primary }: ServerFacts): void {
    if (mode === 'cluster') {
      throw new JobsConfigurationError([
        `connection: the Redis server at ${this.address} is a node of a Redis Cluster: expected a Cluster client, e.g. ` +
          "new Cluster([{ host, port }]) of 'ioredis'",
      ]);
    }
    if (mode === 'sentinel') {
      throw new JobsConfigurationError([
        `connection: the server at ${this.address} is a Redis Sentinel: expected ` +
          "{ sentinels: [{ host, port }], name: 'name of the primary' }",
      ]);
    }
    if (primary !== undefined) {
      throw new StoreUnreachableError(
        'redis',
        this.address,
        `it is a read-only replica of ${primary}`,
        { remedy: 'Give `connection` in JobsModule.forRoot() the address of the primary.' },
      );
    }
  }

  private warnOfEviction(policy: string): void {
    new Logger('Jobs').warn(
      `Redis at ${this.address} may delete jobs when its memory is full: maxmemory-policy is "${policy}". ` +
        'Set it to "noeviction".',
    );
  }
}

function reasonOf(error: Error): string {
  const { code } = error as NodeJS.ErrnoException;
  // A Cluster client says that it found no node that answers, and what the last one said apart.
  const { lastNodeError } = error as { lastNodeError?: Error };
  const reason = error.message || code || error.name;
  return lastNodeError === undefined ? reason : `${reason} ${reasonOf(lastNodeError)}`;
}
