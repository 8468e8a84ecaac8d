import type { DatabaseSync } from 'node:sqlite';
import { isInTransaction } from '../driver/older-node.js';
import { NewerSchemaError } from '../errors/index.js';
import { ONLY_ADD, SCHEMA } from './schema.js';

/** SQLite's own number of a file holds two: see {@link FileVersion}. */
const USER_VERSION = 'PRAGMA user_version';
const NEEDS_PLACE = 1_000;

/**
 * The version of a file, and the oldest one that a process must know to work on it: stored as
 * `needs * 1000 + version`.
 */
interface FileVersion {
  readonly version: number;
  readonly needs: number;
}

/**
 * Brings the file to the newest version, in one transaction: two processes that start together take
 * turns, and the second one finds the work done.
 *
 * @throws NewerSchemaError when a newer version of this library has changed the file so that this
 *   one cannot work on it
 */
export function migrate(
  database: DatabaseSync,
  path: string,
  schema = SCHEMA,
  onlyAdd = ONLY_ADD,
): void {
  const supported = schema.length;
  const read = (): FileVersion => {
    const row = database.prepare(USER_VERSION).get() as { user_version: number };
    const found = toVersion(row.user_version);
    if (found.needs > supported) throw new NewerSchemaError(path, found.needs, supported);
    return found;
  };
  if (read().version >= supported) return;
  database.exec('BEGIN IMMEDIATE');
  try {
    let { version, needs } = read();
    while (version < supported) {
      database.exec(schema[version]!);
      version += 1;
      if (!onlyAdd.has(version)) needs = version;
    }
    database.exec(`${USER_VERSION} = ${toNumber({ version, needs })}`);
    database.exec('COMMIT');
  } catch (error) {
    if (isInTransaction(database)) database.exec('ROLLBACK');
    throw error;
  }
}

/** What a newer version of this library has made of a file. */
export interface NewerSchema {
  /** The oldest version that a process must know to work on it. */
  readonly needs: number;
  /** The one that this process knows. */
  readonly supported: number;
}

/**
 * Looks at a file that is open, since another process may have migrated it.
 *
 * @returns undefined when this version can work on it
 */
export function newerSchema(file: { get(sql: string): unknown }): NewerSchema | undefined {
  const row = file.get(USER_VERSION) as { user_version: number };
  const { needs } = toVersion(row.user_version);
  return needs > SCHEMA.length ? { needs, supported: SCHEMA.length } : undefined;
}

function toVersion(number: number): FileVersion {
  const version = number % NEEDS_PLACE;
  // A version that needs itself has no place for that.
  return { version, needs: Math.floor(number / NEEDS_PLACE) || version };
}

function toNumber({ version, needs }: FileVersion): number {
  return needs === version ? version : needs * NEEDS_PLACE + version;
}
