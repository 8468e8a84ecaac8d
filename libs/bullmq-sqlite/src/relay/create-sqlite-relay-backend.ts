import type { RelayBackendFactory } from 'bullmq';
import { SqliteConnection } from '../connection/index.js';
import { InvalidSqliteConnectionError } from '../errors/index.js';
import { assertContract, RELAY_SEAM } from '../seams/bullmq.seams.js';
import { SqliteRelayBackend } from './sqlite-relay-backend.js';

/**
 * Puts BullMQ's `Relay` on a SQLite file: what one process publishes reaches the subscriptions of
 * all processes that use the file.
 *
 * @example new Relay({ connection: sqlite('./data/jobs.sqlite'), backend: createSqliteRelayBackend
 *   })
 *
 * @throws InvalidSqliteConnectionError when `connection` does not come from `sqlite()`.
 * @throws BullmqChangedError when the BullMQ that is installed needs more of a relay than this one
 *   has.
 */
export const createSqliteRelayBackend: RelayBackendFactory<SqliteConnection> = (options) => {
  assertContract(RELAY_SEAM, SqliteRelayBackend);
  const { connection, namespace } = options;
  if (!(connection instanceof SqliteConnection)) {
    throw new InvalidSqliteConnectionError(
      `connection of relay "${namespace}": expected what sqlite(path) returns, got ${typeof connection}`,
    );
  }
  return new SqliteRelayBackend(options);
};
