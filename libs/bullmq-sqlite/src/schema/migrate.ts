import type { DatabaseSync } from 'node:sqlite';
import { isInTransaction } from '../driver/older-node.js';
import { NewerSchemaError } from '../errors/index.js';
import { SCHEMA } from './schema.js';

/**
 * Brings the file to the newest version, in one transaction: two processes that start together take
 * turns, and the second one finds the work done. The version is SQLite's own `user_version`.
 *
 * @throws NewerSchemaError when a newer version of this library wrote the file.
 */
export function migrate(database: DatabaseSync, path: string, schema = SCHEMA): void {
  if (versionOf(database, path, schema.length) === schema.length) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database, path, schema.length);
    for (const step of schema.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${schema.length}`);
    database.exec('COMMIT');
  } catch (error) {
    if (isInTransaction(database)) database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: DatabaseSync, path: string, supported: number): number {
  const row = database.prepare('PRAGMA user_version').get() as { user_version: number };
  if (row.user_version > supported) throw new NewerSchemaError(path, row.user_version, supported);
  return row.user_version;
}
