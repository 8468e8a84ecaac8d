import type { CoordinationStore } from '../../contracts/index.js';
import type { SharedRedis } from './redis-connection.js';
import { runScript } from './redis-scripts.js';
import { RedisSubscriber } from './redis-subscriber.js';

/**
 * Coordination on Redis: a string for each key with its expiry, beside it one index of all keys for
 * listings; a sorted set of holders for each permit. All under `<prefix>:x:`, where BullMQ has
 * nothing.
 * @internal
 */
export class RedisCoordinationStore implements CoordinationStore {
  private readonly subscriber: RedisSubscriber;
  private readonly index: readonly [keys: string, expiry: string];

  constructor(
    private readonly redis: SharedRedis,
    private readonly prefix: string,
  ) {
    this.subscriber = new RedisSubscriber(redis);
    this.index = [this.at('keys'), this.at('expiry')];
  }

  get connected(): boolean {
    return this.subscriber.connected;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.redis.client.get(this.at('kv', key))) ?? undefined;
  }

  async set(key: string, value: string, ttlMs?: number): Promise<void> {
    await this.write(key, value, ttlMs, 'any', '');
  }

  async compareAndSet(
    key: string,
    expected: string | undefined,
    value: string,
    ttlMs?: number,
  ): Promise<boolean> {
    return expected === undefined
      ? await this.write(key, value, ttlMs, 'absent', '')
      : await this.write(key, value, ttlMs, 'equals', expected);
  }

  async delete(key: string, expected?: string): Promise<boolean> {
    const condition = expected === undefined ? ['0', ''] : ['1', expected];
    const args = [this.at('kv', key), ...this.index, key, ...condition];
    return (await runScript<number>(this.redis.client, 'deleteKey', ...args)) === 1;
  }

  async entries(prefix: string): Promise<ReadonlyMap<string, string>> {
    const { client } = this.redis;
    // Members with the same score are ordered by their bytes, and no UTF-8 text holds 0xff.
    const end = Buffer.concat([Buffer.from(`(${prefix}`), Buffer.from([0xff])]);
    const keys = await client.zrangebylex(this.index[0], `[${prefix}`, end);
    if (keys.length === 0) return new Map();
    const values = await client.mget(keys.map((key) => this.at('kv', key)));
    return new Map(
      keys.flatMap((key, i): [string, string][] => {
        const value = values[i];
        return value == null ? [] : [[key, value]];
      }),
    );
  }

  async acquirePermit(
    name: string,
    holder: string,
    limit: number,
    ttlMs: number,
  ): Promise<boolean> {
    const args = [this.at('permit', name), holder, limit, Math.ceil(ttlMs)];
    return (await runScript<number>(this.redis.client, 'acquirePermit', ...args)) === 1;
  }

  async releasePermit(name: string, holder: string): Promise<boolean> {
    const key = this.at('permit', name);
    return (await runScript<number>(this.redis.client, 'releasePermit', key, holder)) === 1;
  }

  async publish(channel: string, message: string): Promise<void> {
    await this.redis.client.publish(this.at('channel', channel), message);
  }

  async subscribe(
    channel: string,
    listener: (message: string) => void,
  ): Promise<() => Promise<void>> {
    return this.subscriber.subscribe(this.at('channel', channel), listener);
  }

  now(): Promise<number> {
    return this.redis.now();
  }

  steadyNow(): Promise<number> {
    return this.now();
  }

  async close(): Promise<void> {
    this.subscriber.close();
  }

  private async write(
    key: string,
    value: string,
    ttlMs: number | undefined,
    mode: 'any' | 'absent' | 'equals',
    expected: string,
  ): Promise<boolean> {
    const ttl = ttlMs === undefined ? '' : Math.max(1, Math.ceil(ttlMs));
    const args = [this.at('kv', key), ...this.index, key, value, ttl, mode, expected];
    return (await runScript<number>(this.redis.client, 'setKey', ...args)) === 1;
  }

  private at(...parts: readonly string[]): string {
    return [this.prefix, 'x', ...parts].join(':');
  }
}
