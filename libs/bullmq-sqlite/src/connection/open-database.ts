import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { migrate } from '../schema/migrate.js';
import { expectLocalDisk } from './local-disk.js';
import type { SqliteConnection } from './sqlite-connection.js';
import { windClock } from './steady-clock.js';

/** Memory that SQLite may use for pages, in KiB. */
const PAGE_CACHE_KIB = 16_384;

/**
 * The write-ahead log is cut to this many bytes whenever all of it has been copied into the file.
 */
const LOG_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * A file in memory, of this connection alone. SQLite's own ':memory:' goes through all of its pages
 * at each commit: with 500,000 jobs that takes a millisecond. This one holds 1 GiB.
 */
const MEMORY_FILE = 'file:jobs?vfs=memdb';

/**
 * Opens the file, makes it if it is missing, and brings its tables up to date.
 *
 * The busy timeout is 0, because SQLite's own wait blocks the event loop: who finds the file locked
 * tries again later (`GroupWriter`).
 */
export function openDatabase({ path, durability, inMemory }: SqliteConnection): DatabaseSync {
  const isNew = !existsSync(path);
  if (!inMemory) {
    mkdirSync(dirname(path), { recursive: true });
    // A link may lead to another disk.
    expectLocalDisk(path, isNew ? dirname(path) : realpathSync(path));
  }
  const database = new DatabaseSync(inMemory ? MEMORY_FILE : path, { timeout: 0 });
  try {
    database.exec('PRAGMA foreign_keys = OFF');
    database.exec(`PRAGMA cache_size = -${PAGE_CACHE_KIB}`);
    database.exec('PRAGMA temp_store = MEMORY');
    if (inMemory) database.exec('PRAGMA journal_mode = MEMORY');
    else useLog(database, isNew);
    migrate(database, path);
    windClock(database);
    // Not before: the first commit that waits for the disk takes the tables there, too.
    if (!inMemory) database.exec(`PRAGMA synchronous = ${durability}`);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function useLog(database: DatabaseSync, isNew: boolean): void {
  // A new file is one page until it has its log: there is nothing that a journal could keep half
  // of.
  if (isNew) database.exec('PRAGMA journal_mode = MEMORY');
  // Must come before the first table.
  database.exec('PRAGMA auto_vacuum = INCREMENTAL');
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = NORMAL');
  database.exec(`PRAGMA journal_size_limit = ${LOG_LIMIT_BYTES}`);
}
