import { realpathSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { BackendFactory, QueueBaseOptions } from 'bullmq';
import type { SqliteConnection } from '../connection/index.js';
import { InvalidSqliteConnectionError } from '../errors/index.js';
import { BackendOptions } from './backend-options.js';
import type { BackendParts } from './create-sqlite-backend.js';
import { SqliteQueueBackend } from './sqlite-queue-backend.js';
import { TransactionLife } from './transaction-life.js';

/**
 * Makes of a BullMQ factory's arguments those of a backend that works in a transaction of the
 * application: see `backendParts` and `transactionBackend`.
 *
 * @throws InvalidSqliteConnectionError when the database is not the connection's file.
 */
export function transactionParts(
  database: DatabaseSync,
  queueName: string,
  queueOptions: QueueBaseOptions<SqliteConnection>,
): BackendParts {
  const { connection } = queueOptions;
  expectSameFile(database, connection);
  const life = new TransactionLife(database, connection.path);
  return [queueName, new BackendOptions(queueOptions), life];
}

/**
 * Puts BullMQ's classes on a transaction of the application: what they store is committed with it,
 * gone with its rollback, and heard of by workers after its COMMIT. Each method does its work
 * before it returns, so an `add()` that was called and not awaited yet is in the transaction too.
 *
 * The application begins the transaction, best with BEGIN IMMEDIATE: another one can find the file
 * busy at the first write. Construct queues with `skipMetasUpdate: true`: their settings are no
 * part of it.
 *
 * @example const mail = new Queue('mail', { connection, skipMetasUpdate: true },
 * transactionBackend(database))
 *
 * @param database - A connection to the jobs file, opened by the application.
 * @throws InvalidSqliteConnectionError, when a class is constructed, if that is another file.
 *   Methods reject with NoTransactionError when no transaction is open.
 */
export function transactionBackend(
  database: DatabaseSync,
): BackendFactory<SqliteQueueBackend, SqliteConnection> {
  return (queueName, options) =>
    new SqliteQueueBackend(...transactionParts(database, queueName, options));
}

function expectSameFile(database: DatabaseSync, connection: SqliteConnection): void {
  const opened = fileOf(database);
  if (opened !== '' && !connection.inMemory && isSameFile(opened, connection.path)) return;
  throw new InvalidSqliteConnectionError(
    `transactionBackend(): expected a connection to ${connection.path}, got one to ${opened || 'a database in memory'}`,
  );
}

/** The file of a connection; '' for a database in memory. */
function fileOf(database: DatabaseSync): string {
  const main = database.prepare("SELECT file FROM pragma_database_list WHERE name = 'main'").get();
  return typeof main?.['file'] === 'string' ? main['file'] : '';
}

function isSameFile(one: string, other: string): boolean {
  return one === other || realpathSync(one) === realpathSync(other);
}
