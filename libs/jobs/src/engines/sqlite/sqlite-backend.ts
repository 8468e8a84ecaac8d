import type { BackendFactory, IQueueBackend, KeyPrefixOptions, QueueBaseOptions } from 'bullmq';
import { backendParts, type SqliteConnection, SqliteQueueBackend } from 'bullmq-sqlite';
import type { HeldJob, SafeBackend } from '../../contracts/index.js';
import { ClaimPause } from '../claim-pause.js';
import { asUnsettled } from '../settlement.js';
import type { SharedSqlite } from './sqlite-connection.js';
import { GuardedLife } from './sqlite-life.js';

export { transactionFactory } from './sqlite-transaction.js';

type Settlement = 'moveToCompleted' | 'moveToFailed' | 'moveToDelayed' | 'retryJob';
type Call<Method extends Settlement> = Parameters<SqliteQueueBackend[Method]>;
type Answer<Method extends Settlement> = ReturnType<SqliteQueueBackend[Method]>;

/**
 * The SQLite backend, which does not claim again at once after a claim that failed, and takes
 * nothing that the store answers to the end of a job for that end: see {@link asUnsettled}. What
 * else is done for safety is in {@link GuardedLife}, which every operation passes.
 * @internal
 */
export class SafeSqliteBackend extends SqliteQueueBackend implements SafeBackend {
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

  override moveToCompleted(...call: Call<'moveToCompleted'>): Answer<'moveToCompleted'> {
    return super.moveToCompleted(...call).catch(throwUnsettled);
  }

  override moveToFailed(...call: Call<'moveToFailed'>): Answer<'moveToFailed'> {
    return super.moveToFailed(...call).catch(throwUnsettled);
  }

  /** A job that ran waits for a time to go by: for its next attempt, or for what it lacks. */
  override moveToDelayed(
    ...[id, timestamp, delay, token, options]: Call<'moveToDelayed'>
  ): Answer<'moveToDelayed'> {
    const pausing = { ...options, isPause: true };
    return super.moveToDelayed(id, timestamp, delay, token, pausing).catch(throwUnsettled);
  }

  override retryJob(...call: Call<'retryJob'>): Answer<'retryJob'> {
    return super.retryJob(...call).catch(throwUnsettled);
  }

  renewLocks(jobs: readonly HeldJob[], durationMs: number): Promise<string[]> {
    const ids = jobs.map(({ id }) => id);
    const tokens = jobs.map(({ token }) => token);
    return this.keepLocks(ids, tokens, durationMs);
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

function throwUnsettled(error: unknown): never {
  throw asUnsettled(error);
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
