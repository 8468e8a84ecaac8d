import type { Client } from 'pg';
import type { BenchEngine, RawBullmq } from './bench-engine.js';

const url = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/test';

/** PostgreSQL at DATABASE_URL. Runs are kept apart by schema. */
export const postgresEngine: BenchEngine = {
  name: 'postgres',
  isSlow: true,

  async describe() {
    return withClient(async (client) => {
      const setting = async (name: string) =>
        (await client.query<Record<string, string>>(`SHOW ${name}`)).rows[0]?.[name];
      const version = await setting('server_version');
      const sync = `fsync ${await setting('fsync')}, synchronous_commit ${await setting('synchronous_commit')}`;
      return `PostgreSQL ${version} (${sync}) at ${client.host}:${client.port}`;
    });
  },

  async prepare({ id }) {
    const { runMigrations } = await import('bullmq');
    await withClient((client) => runMigrations(client, id));
  },

  moduleOptions: ({ id }) => Promise.resolve({ connection: url, schema: id }),

  openBullmq: ({ id }) => openBullmq(id),

  connectOnce: () => withClient((client) => client.query('SELECT 1')).then(() => undefined),

  cleanup: ({ id }) =>
    withClient(async (client) => {
      await client.query(`DROP SCHEMA IF EXISTS ${client.escapeIdentifier(id)} CASCADE`);
    }),
};

/**
 * Each queue and each worker makes a pool of pg's default size (10) from the same settings: BullMQ
 * takes the schema from settings alone, so a pool that is shared could not leave the default
 * schema. BENCH_POOL_SIZE changes the size, to see what it is worth.
 */
async function openBullmq(schema: string): Promise<RawBullmq> {
  const { createPostgresBackend, withBackend } = await import('bullmq');
  const { Queue, Worker } = withBackend(createPostgresBackend);
  const connection = {
    connectionString: url,
    schema,
    max: Number(process.env.BENCH_POOL_SIZE ?? 10),
  };
  return {
    queue: (name, options) => new Queue(name, { ...options, connection }),
    worker: (name, processor, options) => new Worker(name, processor, { ...options, connection }),
    close: () => Promise.resolve(),
  };
}

async function withClient<R>(use: (client: Client) => Promise<R>): Promise<R> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  try {
    await client.connect();
  } catch (error) {
    throw new Error(
      `PostgreSQL at ${client.host}:${client.port} does not answer: ${(error as Error).message}. ` +
        'Start it, set DATABASE_URL, or leave postgres out of --engine.',
      { cause: error },
    );
  }
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
