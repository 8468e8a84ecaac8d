import { resolve } from 'node:path';
import type { SqliteConnection } from 'bullmq-sqlite';
import { JobsConfigurationError } from '../../errors/index.js';
import { isLikeUrl, show, type JobsConnection } from '../../options/index.js';

/** A `connection` that means SQLite. */
export type SqliteTarget = string | SqliteConnection;

const MEMORY = ':memory:';
const FILE = /^file:/i;
const FILE_NAME = /\.(?:sqlite3?|db)$/i;
const OTHER_PROTOCOL = /^[a-z][a-z0-9+.-]+:/i;
const PAIR = /^\s*\w+\s*=/;

/** Whether a `connection` means SQLite. @internal */
export function isSqliteConnection(
  connection: JobsConnection,
): connection is JobsConnection & SqliteTarget {
  if (typeof connection !== 'string') return isConnectionObject(connection);
  return connection === MEMORY || FILE.test(connection) || isFileName(connection);
}

/**
 * The name of a file without `file:`. What may be the address of a server is none: the file would
 * be named by it.
 */
function isFileName(text: string): boolean {
  if (!FILE_NAME.test(text) || OTHER_PROTOCOL.test(text)) return false;
  return !isLikeUrl(text) && !hasPairs(text);
}

/** Whether a text begins as libpq's `host=… dbname=…` does. @internal */
export function hasPairs(text: string): boolean {
  return PAIR.test(text);
}

/** By its members: the package that makes such objects is loaded when its engine is used. */
function isConnectionObject(connection: object): boolean {
  const members = ['path', 'durability', 'busyTimeout', 'inMemory'];
  return members.every((member) => member in connection);
}

/**
 * Refuses what would be taken for a part of the file's name.
 * @throws JobsConfigurationError
 * @internal
 */
export function assertSqliteTarget(target: SqliteTarget): void {
  if (typeof target !== 'string') return;
  const path = target.replace(/^file:/i, '');
  if (path !== '' && !path.includes('?') && !path.includes('\0')) return;
  throw new JobsConfigurationError([
    `JobsModule.forRoot(): "connection" expected 'file:' and the path of a file, without parameters, got ` +
      `${show(target)}. For settings pass sqlite(path, options) of the package "bullmq-sqlite"`,
  ]);
}

/** The file's whole path, or ':memory:'. @internal */
export function sqliteAddress(target: SqliteTarget): string {
  if (typeof target !== 'string') return target.path;
  return target === MEMORY ? MEMORY : resolve(target.replace(/^file:/i, ''));
}

/** Whether the jobs are gone with the process. @internal */
export function isInMemory(target: SqliteTarget): boolean {
  return sqliteAddress(target) === MEMORY;
}
