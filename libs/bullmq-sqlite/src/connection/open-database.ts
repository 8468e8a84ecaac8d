import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { migrate } from '../schema/migrate.js';
import { expectLocalDisk } from './local-disk.js';
import type { SqliteConnection } from './sqlite-connection.js';

/** Memory that SQLite may use for pages, in KiB. */
const PAGE_CACHE_KIB = 16_384;

/** The write-ahead log is cut to this many bytes whenever all of it has been copied into the file. */
const LOG_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Opens the file, makes it if it is missing, and brings its tables up to date.
 *
 * The busy timeout is 0, because SQLite's own wait blocks the event loop: who finds the file locked tries
 * again later (`GroupWriter`).
 */
export function openDatabase({ path, durability, inMemory }: SqliteConnection): DatabaseSync {
  if (!inMemory) {
    mkdirSync(dirname(path), { recursive: true });
    expectLocalDisk(path, dirname(path));
  }
  const database = new DatabaseSync(path, { timeout: 0, enableForeignKeyConstraints: false });
  try {
    // Must come before the first table.
    database.exec('PRAGMA auto_vacuum = INCREMENTAL');
    database.exec('PRAGMA journal_mode = WAL');
    database.exec(`PRAGMA synchronous = ${durability}`);
    database.exec(`PRAGMA cache_size = -${PAGE_CACHE_KIB}`);
    database.exec(`PRAGMA journal_size_limit = ${LOG_LIMIT_BYTES}`);
    database.exec('PRAGMA temp_store = MEMORY');
    migrate(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
