import type { BackendFactory, QueueBaseOptions } from 'bullmq';
import { SqliteConnection } from '../connection/index.js';
import { InvalidSqliteConnectionError } from '../errors/index.js';
import { assertContract, QUEUE_SEAM } from '../seams/bullmq.seams.js';
import { BackendLife } from './backend-life.js';
import { BackendOptions } from './backend-options.js';
import { QueueNames } from './queue-names.js';
import { SqliteQueueBackend } from './sqlite-queue-backend.js';

/**
 * What the constructor of `SqliteQueueBackend` takes: the queue's name, its options, and its hold
 * on the file.
 */
export type BackendParts = ConstructorParameters<typeof SqliteQueueBackend>;

/**
 * Makes of a BullMQ factory's arguments those of a backend's constructor, for factories of backends
 * that extend `SqliteQueueBackend`, or whose hold on the file is wrapped.
 *
 * @throws InvalidSqliteConnectionError when `connection` does not come from `sqlite()`.
 * @throws BullmqChangedError when the BullMQ that is installed needs more of a backend than this
 *   one has.
 */
export function backendParts(
  queueName: string,
  queueOptions: QueueBaseOptions<unknown>,
  { withBlockingConnection = false }: { withBlockingConnection?: boolean } = {},
): BackendParts {
  assertContract(QUEUE_SEAM, SqliteQueueBackend);
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
  return [queueName, options, new BackendLife(connection, clientName)];
}

/**
 * Puts BullMQ's classes on a SQLite file.
 *
 * @example new Worker('mail', send, { connection: sqlite('./data/jobs.sqlite') },
 *   createSqliteBackend)
 *
 * @throws InvalidSqliteConnectionError when `connection` does not come from `sqlite()`.
 * @throws BullmqChangedError when the BullMQ that is installed needs more of a backend than this
 *   one has.
 */
export const createSqliteBackend: BackendFactory<SqliteQueueBackend, SqliteConnection> = (
  ...args
) => new SqliteQueueBackend(...backendParts(...args));
