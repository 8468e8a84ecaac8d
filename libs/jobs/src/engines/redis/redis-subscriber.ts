import { ChannelListeners } from '../channel-listeners.js';
import { every, type Timer } from '../../timers/index.js';
import type { SharedRedis } from './redis-connection.js';
import { endRedis, type RedisClient } from './redis-settings.js';

/** How often an otherwise silent subscription is asked for a sign of life. */
const PING_INTERVAL_MS = 5_000;

/**
 * The process's one subscriber connection, opened at the first subscription. ioredis subscribes
 * again after a reconnect; messages of the time between are lost.
 * @internal
 */
export class RedisSubscriber {
  private readonly listeners = new ChannelListeners();
  private client: RedisClient | undefined;
  private pinging: Timer | undefined;

  constructor(private readonly redis: SharedRedis) {}

  /** Whether messages can arrive now. */
  get connected(): boolean {
    return this.client?.status === 'ready';
  }

  async subscribe(
    channel: string,
    listener: (message: string) => void,
  ): Promise<() => Promise<void>> {
    this.client ??= this.open();
    this.listeners.add(channel, listener);
    await this.client.subscribe(channel);
    return async () => {
      if (this.listeners.remove(channel, listener)) await this.client?.unsubscribe(channel);
    };
  }

  close(): void {
    this.pinging?.stop();
    this.listeners.clear();
    if (this.client) endRedis(this.client);
  }

  private open(): RedisClient {
    const client = this.redis.duplicate();
    client.on('message', (channel: string, message: string) =>
      this.listeners.deliver(channel, message),
    );
    // A connection that only listens is never missed by the socket timeout: the timer starts when
    // something was sent. So something is sent.
    let waiting = false;
    this.pinging = every(PING_INTERVAL_MS, () => {
      if (client.status !== 'ready' || waiting) return;
      waiting = true;
      client
        .ping()
        .catch(() => undefined)
        .finally(() => (waiting = false));
    }).unref();
    return client;
  }
}
