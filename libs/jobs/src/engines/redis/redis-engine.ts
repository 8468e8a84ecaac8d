import type { BackendFactory, KeyPrefixOptions, QueueBaseOptions } from 'bullmq';
import type { Engine, EngineCapabilities, ExpiringRows, Refusal } from '../../contracts/index.js';
import { JobsConfigurationError } from '../../errors/index.js';
import type { ResolvedOptions } from '../../options/index.js';
import { withDeadline } from '../../lifecycle/index.js';
import { registerConnection } from '../default-backend-factory.js';
import { EngineConnection } from '../engine-connection.js';
import { monotonicNow } from '../../timers/index.js';
import { redisBackendFactory } from './redis-backend-connection.js';
import { SharedRedis } from './redis-connection.js';
import { RedisCoordinationStore } from './redis-coordination-store.js';
import { newerBullmqIn } from './newer-bullmq.js';
import { isRedisConnectionError, redisRefusal } from './redis-errors.js';
import { redisExpiringRows } from './redis-expiring-rows.js';
import { assertBullmqOnRedis } from './bullmq-on-redis.seams.js';
import { RedisStartStore } from './redis-start-store.js';
import { RedisTurnStore } from './redis-turn-store.js';
import { assertRedisTarget, isCluster, type RedisTarget } from './redis-settings.js';

/**
 * Jobs on Redis, Valkey or Dragonfly, a Cluster included.
 * @internal
 */
export class RedisEngine implements Engine {
  readonly name = 'redis';
  readonly capabilities: EngineCapabilities = {
    transactionalEnqueue: false,
    sharedAcrossMachines: true,
    outlivesProcess: true,
  };
  readonly bullmqOptions: QueueBaseOptions & KeyPrefixOptions;
  readonly backendFactory: BackendFactory;
  readonly store: RedisCoordinationStore;
  readonly turns: RedisTurnStore;
  readonly starts: RedisStartStore;
  readonly expiring: readonly ExpiringRows[];
  isClosed = false;
  private readonly redis: SharedRedis;
  private readonly prefix: string;

  constructor(options: ResolvedOptions, target: RedisTarget) {
    assertRedisTarget(target);
    const prefix = isCluster(target) ? hashTagged(options.prefix) : options.prefix;
    this.prefix = prefix;
    this.redis = new SharedRedis(target, options.connectTimeoutMs);
    this.store = new RedisCoordinationStore(this.redis, prefix);
    this.turns = new RedisTurnStore(this.redis, prefix);
    this.starts = new RedisStartStore(this.redis, prefix);
    this.expiring = redisExpiringRows(this.redis, prefix);
    this.backendFactory = redisBackendFactory(this.redis, prefix);
    const connection = new EngineConnection(this.name, this.address);
    this.bullmqOptions = { connection: connection, prefix };
    registerConnection(connection, this.backendFactory);
  }

  get address(): string {
    return this.redis.address;
  }

  get clockOffset(): number {
    return this.redis.clockOffset;
  }

  get place(): string {
    return `${this.redis.describe()}, prefix "${this.prefix}"`;
  }

  async connect(): Promise<void> {
    await assertBullmqOnRedis();
    await this.redis.connect();
  }

  newerThanKnown(): Promise<string | undefined> {
    return newerBullmqIn(this.redis.client, this.prefix, this.store);
  }

  async ping(timeoutMs: number): Promise<number> {
    const start = monotonicNow();
    await withDeadline(this.redis.client.ping(), timeoutMs, () =>
      this.redis.unreachable(`no answer within ${timeoutMs} ms`),
    );
    return monotonicNow() - start;
  }

  isConnectionError(error: unknown): boolean {
    return isRedisConnectionError(error);
  }

  refusalOf(error: unknown): Refusal | undefined {
    return redisRefusal(error);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.store.close();
    this.redis.close();
  }
}

/** In a Cluster all keys of BullMQ's scripts must share a slot. */
function hashTagged(prefix: string): string {
  if (!/[{}]/.test(prefix)) return `{${prefix}}`;
  if (ONE_HASH_TAG.test(prefix)) return prefix;
  throw new JobsConfigurationError([
    `JobsModule.forRoot(): "prefix" on a Redis Cluster expected no braces, or one pair around a part of it, e.g. ` +
      `"{app}:jobs", got "${prefix}"`,
  ]);
}

const ONE_HASH_TAG = /^[^{}]*\{[^{}]+\}[^{}]*$/;
