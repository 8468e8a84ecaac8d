import type { BackendFactory, IQueueBackend, KeyPrefixOptions, QueueBaseOptions } from 'bullmq';
import { backendParts, type SqliteConnection, SqliteQueueBackend } from 'bullmq-sqlite';
import { ClaimPause } from '../claim-pause.js';
import type { SharedSqlite } from './sqlite-connection.js';
import { GuardedLife } from './sqlite-life.js';

export { transactionFactory } from './sqlite-transaction.js';

/**
 * The SQLite backend, which does not claim again at once after a claim that failed. What else is done for
 * safety is in {@link GuardedLife}, which every operation passes.
 * @internal
 */
export class SafeSqliteBackend extends SqliteQueueBackend {
  private readonly claimPause = new ClaimPause();

  override async moveToActive(
    token: string,
    name?: string,
  ): ReturnType<SqliteQueueBackend['moveToActive']> {
    try {
      return await super.moveToActive(token, name);
    } catch (error) {
      await this.claimPause.after(error);
      throw error;
    }
  }

  /** How BullMQ's worker is stopped, gently here and by force in `close()`. */
  override async disconnectBlocking(): Promise<void> {
    this.claimPause.end();
    await super.disconnectBlocking();
  }

  override async reconnectBlocking(): Promise<void> {
    this.claimPause.allow();
    await super.reconnectBlocking();
  }

  override async close(): Promise<void> {
    this.claimPause.end();
    await super.close();
  }
}

/**
 * Builds the engine's backends.
 * @param connection the engine's file, whatever the options say
 * @internal
 */
export function createSafeBackend(
  sqlite: SharedSqlite,
  connection: SqliteConnection,
  name: string,
  opts: QueueBaseOptions,
  context: Parameters<BackendFactory>[2],
): IQueueBackend {
  const prefix = (opts as KeyPrefixOptions).prefix ?? sqlite.prefix;
  const given = { ...opts, connection, prefix };
  const [queueName, options, life] = backendParts(name, given, context);
  return new SafeSqliteBackend(queueName, options, new GuardedLife(life, sqlite));
}
