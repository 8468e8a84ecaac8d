import { ConnectionClosedError } from 'bullmq';
import type { Refusal } from '../../contracts/index.js';
import { JobsConfigurationError } from '../../errors/index.js';

/** The errors of `bullmq-sqlite` that are about the file; the package is loaded when it is used. */
export type StoreErrorClasses = Pick<
  typeof import('bullmq-sqlite'),
  | 'SqliteStoreError'
  | 'StoreBusyError'
  | 'StoreClosedError'
  | 'StoreDamagedError'
  | 'StoreDiskError'
>;

/** Whether an error means that the file could not be read or written. @internal */
export function isSqliteConnectionError(error: unknown): boolean {
  return error instanceof ConnectionClosedError;
}

/**
 * A file that cannot be used now (locked by another program, disk full, deleted …), or an engine
 * that was closed, in the form that BullMQ knows: it then waits and tries again instead of
 * recording what it was about to store as failed.
 * @internal
 */
export function asConnectionClosed(error: unknown, classes: StoreErrorClasses): unknown {
  const isAboutFile =
    error instanceof classes.SqliteStoreError || error instanceof classes.StoreClosedError;
  return isAboutFile ? new ConnectionClosedError(error.message, error) : error;
}

/**
 * What an error says of a write that surely did not happen: all but a disk that failed in the
 * middle of it, and a file that is damaged.
 * @internal
 */
export function sqliteRefusal(error: unknown, classes: StoreErrorClasses): Refusal | undefined {
  const cause = error instanceof ConnectionClosedError ? error.cause : error;
  const { SqliteStoreError, StoreBusyError, StoreDamagedError, StoreDiskError } = classes;
  if (!(cause instanceof SqliteStoreError)) return undefined;
  if (cause instanceof StoreDiskError || cause instanceof StoreDamagedError) return undefined;
  return { reason: cause.message, lasts: !(cause instanceof StoreBusyError), isWhole: true };
}

/**
 * Whether a table of the coordination store is missing: the file was replaced by another one.
 * @internal
 */
export function isMissingTable(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('no such table: coordination_');
}

/**
 * What the package cannot be loaded for: not each build of Node.js has SQLite, nor each runtime
 * that has its name.
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
