import { randomBytes } from 'node:crypto';
import { createRedisBackend, type IQueueBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { redisServer } from '../../support/servers.js';
import { QUEUES, type QueueName, type SideOptions } from './recorded-call.js';
import type { Side, SideSource } from './side.js';

/** Sides on the shared Redis server, each with a random prefix. */
export class RedisSideSource implements SideSource {
  readonly #client: Redis;

  /** @param name - tells two sources apart in reports. */
  constructor(readonly name: string) {
    const server = redisServer();
    if (!server.available) throw new Error(server.reason);
    this.#client = new Redis(server.url, { maxRetriesPerRequest: null });
    // Every side listens to the shared connection; it is not a leak.
    this.#client.setMaxListeners(0);
  }

  async open(options: SideOptions): Promise<Side> {
    const side = new RedisSide(this.name, this.#client, options);
    await Promise.all(QUEUES.map((queue) => side.queue(queue).waitUntilReady()));
    return side;
  }

  async close(): Promise<void> {
    await this.#client.quit();
  }
}

class RedisSide implements Side {
  readonly prefix = `differential-${randomBytes(6).toString('hex')}`;
  readonly #first: IQueueBackend;
  readonly #backends: Record<QueueName, IQueueBackend>;

  constructor(
    readonly name: string,
    private readonly client: Redis,
    private readonly options: SideOptions,
  ) {
    const queueOptions = { connection: client, prefix: this.prefix, ...options };
    this.#first = createRedisBackend('a', queueOptions);
    // As FlowProducer does it: siblings on one connection.
    this.#backends = {
      a: this.#first,
      b: this.#first.forQueue('b'),
      c: this.#first.forQueue('c'),
    };
  }

  queue(name: QueueName): IQueueBackend {
    return this.#backends[name];
  }

  /**
   * The server's clock ends a lock by removing its key. As extendLock() does, it clears the
   * suspicion.
   */
  async loseLock(queue: QueueName, jobId: string, token: string): Promise<number> {
    const key = `${this.prefix}:${queue}:${jobId}:lock`;
    if ((await this.client.get(key)) !== token) return 0;
    await this.client.multi().del(key).srem(`${this.prefix}:${queue}:stalled`, jobId).exec();
    return 1;
  }

  /**
   * The key expires by the server's clock; its value is the controlled time at which it was set.
   */
  async endStalledCheck(queue: QueueName, now: number): Promise<void> {
    const key = `${this.prefix}:${queue}:stalled-check`;
    const setAt = await this.client.get(key);
    if (setAt !== null && Number(setAt) + this.options.stalledInterval <= now) {
      await this.client.del(key);
    }
  }

  async close(): Promise<void> {
    await this.#first.close();
    const found = this.client.scanStream({ match: `${this.prefix}:*`, count: 5_000 });
    for await (const keys of found as AsyncIterable<string[]>) {
      if (keys.length > 0) await this.client.unlink(...keys);
    }
  }
}
