import { DatabaseSync } from 'node:sqlite';
import type { SqliteConnection } from 'bullmq-sqlite';
import type { BenchEngine, Isolation } from './bench-engine.js';
import { openBullmqOnSqlite } from './bullmq-on-sqlite.js';
import { sqliteVersion } from './sqlite.engine.js';

/** The store of the round that runs in this process: it lives as long as its connection object. */
let current: { id: string; connection: SqliteConnection } | undefined;

/** The embedded engine in the memory of one process. */
export const memoryEngine: BenchEngine = {
  name: 'memory',
  isSlow: false,
  isEmbedded: true,

  describe: () => Promise.resolve(`SQLite ${sqliteVersion()} in memory`),

  prepare: () => Promise.resolve(),

  moduleOptions: async (isolation) => ({
    connection: await connectionOf(isolation),
    prefix: isolation.id,
  }),

  openBullmq: async (isolation) => openBullmqOnSqlite(await connectionOf(isolation), isolation.id),

  connectOnce: () => {
    const database = new DatabaseSync(':memory:');
    database.exec('SELECT 1');
    database.close();
    return Promise.resolve();
  },

  cleanup: () => Promise.resolve(),
};

async function connectionOf({ id }: Isolation): Promise<SqliteConnection> {
  const { sqlite } = await import('bullmq-sqlite');
  if (current?.id !== id) current = { id, connection: sqlite(':memory:') };
  return current.connection;
}
