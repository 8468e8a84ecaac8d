import type { DatabaseSync } from 'node:sqlite';
import type { BackendFactory } from 'bullmq';
import {
  type BackendParts,
  NoTransactionError,
  type SqliteConnection,
  SqliteQueueBackend,
  transactionParts,
} from 'bullmq-sqlite';
import { JobsConfigurationError, NoOpenTransactionError } from '../../errors/index.js';
import { describeObject } from '../describe-object.js';

/**
 * Tells a missing transaction in this library's words; all else is the application's own to know.
 */
class TransactionBackend extends SqliteQueueBackend {
  override addJob(...args: Parameters<SqliteQueueBackend['addJob']>): Promise<string> {
    return super.addJob(...args).catch(rethrow);
  }

  override addJobs(...args: Parameters<SqliteQueueBackend['addJobs']>): Promise<string[]> {
    return super.addJobs(...args).catch(rethrow);
  }
}

function rethrow(error: unknown): never {
  if (error instanceof NoTransactionError) throw new NoOpenTransactionError({ cause: error });
  throw error;
}

/**
 * A factory of backends that write through one connection. Construct classes with `skipMetasUpdate:
 * true`: a queue's settings are no part of the transaction.
 * @param database a connection of node:sqlite to the jobs' file, with an open transaction
 * @internal
 */
export function transactionFactory(
  database: unknown,
  connection: SqliteConnection,
  prefix: string,
): BackendFactory {
  if (!isDatabase(database)) {
    throw new JobsConfigurationError([
      'withTransaction(): expected the DatabaseSync of node:sqlite that holds the open transaction and has ' +
        `${connection.path} open (jobs are stored in SQLite), got ${describeObject(database)}`,
    ]);
  }
  return (name, opts) =>
    new TransactionBackend(...partsOf(database, connection, name, prefix, opts));
}

function partsOf(
  database: DatabaseSync,
  connection: SqliteConnection,
  name: string,
  prefix: string,
  opts: object,
): BackendParts {
  try {
    const options = { ...opts, connection, prefix };
    return transactionParts(database, name, options);
  } catch (error) {
    throw new JobsConfigurationError([`withTransaction(): ${(error as Error).message}`]);
  }
}

function isDatabase(client: unknown): client is DatabaseSync {
  if (typeof client !== 'object' || client === null) return false;
  // Not by `instanceof`: an application that needs no SQLite should not load it.
  return client.constructor?.name === 'DatabaseSync';
}
