import { ConnectionClosedError } from 'bullmq';
import type { SqliteStoreError, StoreClosedError } from 'bullmq-sqlite';
import { JobsConfigurationError } from '../../errors/index.js';

/** The errors of `bullmq-sqlite` that are about the file; the package is loaded when it is used. */
export interface StoreErrorClasses {
  readonly SqliteStoreError: typeof SqliteStoreError;
  readonly StoreClosedError: typeof StoreClosedError;
}

/** Whether an error means that the file could not be read or written. @internal */
export function isSqliteConnectionError(error: unknown): boolean {
  return error instanceof ConnectionClosedError;
}

/**
 * A file that cannot be used now (locked by another program, disk full, deleted …), or an engine that was
 * closed, in the form that BullMQ knows: it then waits and tries again instead of recording what it
 * was about to store as failed.
 * @internal
 */
export function asConnectionClosed(error: unknown, classes: StoreErrorClasses): unknown {
  const isAboutFile =
    error instanceof classes.SqliteStoreError || error instanceof classes.StoreClosedError;
  return isAboutFile ? new ConnectionClosedError(error.message, error) : error;
}

/** Whether a table of the coordination store is missing: the file was replaced by another one. @internal */
export function isMissingTable(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('no such table: coordination_');
}

/**
 * What the package cannot be loaded for: not each build of Node.js has SQLite, nor each runtime that has its name.
 * @throws JobsConfigurationError, or the error when it is about something else
 * @internal
 */
export function explainMissingSqlite(error: unknown): never {
  if (!(error instanceof Error) || !error.message.includes('node:sqlite')) throw error;
  const problem =
    'JobsModule.forRoot(): the embedded store needs node:sqlite, which this Node.js does not have; take another ' +
    'build of it, or give a "connection" to Redis or PostgreSQL';
  throw new JobsConfigurationError([problem], { cause: error });
}
