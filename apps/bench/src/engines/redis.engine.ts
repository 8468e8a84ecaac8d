import type { Redis } from 'ioredis';
import type { BenchEngine, RawBullmq } from './bench-engine.js';

const url = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

/** Redis, Valkey or Dragonfly at REDIS_URL. Runs are kept apart by key prefix. */
export const redisEngine: BenchEngine = {
  name: 'redis',
  isSlow: false,

  async describe() {
    return withClient(async (client) => {
      const info = await client.info();
      const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(info)?.[1];
      const aof = field('aof_enabled') === '1' ? 'on' : 'off';
      return `Redis ${field('redis_version')} (appendonly ${aof}) at ${client.options.host}:${client.options.port}`;
    });
  },

  prepare: () => Promise.resolve(),

  moduleOptions: ({ id }) => Promise.resolve({ connection: url, prefix: id }),

  openBullmq: ({ id }) => openBullmq(id),

  connectOnce: () => withClient((client) => client.ping()).then(() => undefined),

  cleanup: ({ id }) =>
    withClient(async (client) => {
      for await (const keys of client.scanStream({ match: `${id}:*`, count: 1_000 })) {
        if ((keys as string[]).length > 0) await client.unlink(...(keys as string[]));
      }
    }),
};

/** One client for all queues and workers, as BullMQ's guide advises; workers copy it to wait on. */
async function openBullmq(prefix: string): Promise<RawBullmq> {
  const [{ Queue, Worker }, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')]);
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  return {
    queue: (name, options) => new Queue(name, { connection, prefix, ...options }),
    worker: (name, processor, options) =>
      new Worker(name, processor, { connection, prefix, ...options }),
    close: async () => {
      await connection.quit();
    },
  };
}

async function withClient<R>(use: (client: Redis) => Promise<R>): Promise<R> {
  const driver = await import('ioredis');
  const client = new driver.Redis(url, { lazyConnect: true, retryStrategy: () => null });
  let reason: Error | undefined;
  client.on('error', (error) => (reason = error));
  try {
    await client.connect();
    return await use(client);
  } catch (error) {
    const { host, port } = client.options;
    throw new Error(
      `Redis at ${host}:${port} does not answer: ${(reason ?? (error as Error)).message}. ` +
        'Start it, set REDIS_URL, or leave redis out of --engine.',
      { cause: error },
    );
  } finally {
    client.disconnect();
  }
}
