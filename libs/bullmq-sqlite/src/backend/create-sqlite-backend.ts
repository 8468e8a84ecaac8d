import type { BackendFactory } from 'bullmq';
import { SqliteConnection } from '../connection/index.js';
import { InvalidSqliteConnectionError } from '../errors/index.js';
import { BackendLife } from './backend-life.js';
import { BackendOptions } from './backend-options.js';
import { QueueNames } from './queue-names.js';
import { SqliteQueueBackend } from './sqlite-queue-backend.js';

/**
 * Puts BullMQ's classes on a SQLite file.
 *
 * @example new Worker('mail', send, { connection: sqlite('./data/jobs.sqlite') }, createSqliteBackend)
 *
 * @throws InvalidSqliteConnectionError when `connection` does not come from `sqlite()`.
 */
export const createSqliteBackend: BackendFactory<SqliteQueueBackend, SqliteConnection> = (
  queueName,
  queueOptions,
  { withBlockingConnection = false } = {},
) => {
  const { connection } = queueOptions;
  if (!(connection instanceof SqliteConnection)) {
    throw new InvalidSqliteConnectionError(
      `connection of queue "${queueName}": expected what sqlite(path) returns, got ${typeof connection}`,
    );
  }
  const options = new BackendOptions(queueOptions);
  const workerName = options.workerName === undefined ? '' : `:w:${options.workerName}`;
  const clientName = withBlockingConnection
    ? new QueueNames(options.prefix, queueName).clientName(workerName)
    : undefined;
  return new SqliteQueueBackend(queueName, options, new BackendLife(connection, clientName));
};
