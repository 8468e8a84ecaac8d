import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { BenchEngine } from './bench-engine.js';
import { openBullmqOnSqlite } from './bullmq-on-sqlite.js';

const directory = join(process.env.BENCH_SQLITE_DIR ?? tmpdir(), 'nestjs-jobs-bench');

/**
 * The embedded engine on a file in BENCH_SQLITE_DIR, synced at each commit. Runs are kept apart by
 * file.
 */
export const sqliteEngine: BenchEngine = {
  name: 'sqlite',
  isSlow: false,
  isEmbedded: true,

  describe: () => Promise.resolve(`SQLite ${sqliteVersion()} (durability full) in ${directory}`),

  prepare: async ({ id }) => {
    await mkdir(folderOf(id), { recursive: true });
  },

  moduleOptions: ({ id }) => Promise.resolve({ connection: `file:${fileOf(id)}`, prefix: id }),

  openBullmq: async ({ id }) => {
    const { sqlite } = await import('bullmq-sqlite');
    return openBullmqOnSqlite(sqlite(fileOf(id)), id);
  },

  connectOnce: async () => {
    await mkdir(directory, { recursive: true });
    const database = new DatabaseSync(join(directory, 'connect-once.sqlite'));
    database.exec('SELECT 1');
    database.close();
  },

  cleanup: ({ id }) => rm(folderOf(id), { recursive: true, force: true }),
};

/** The version of SQLite that this Node carries. */
export function sqliteVersion(): string {
  return process.versions['sqlite'] ?? 'unknown';
}

function folderOf(id: string): string {
  return join(directory, id);
}

function fileOf(id: string): string {
  return join(folderOf(id), 'jobs.sqlite');
}
