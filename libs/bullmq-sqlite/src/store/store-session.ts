import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, type SqliteConnection } from '../connection/index.js';
import { StoreMissingError } from '../errors/index.js';
import { Statements } from './statements.js';
import { Transaction } from './transaction.js';

/** One open database connection: it begins and ends transactions, and knows when others wrote. */
export class StoreSession {
  readonly transaction: Transaction;
  readonly #statements: Statements;
  readonly #file: number | undefined;
  #dataVersion = 0;

  private constructor(
    readonly database: DatabaseSync,
    private readonly connection: SqliteConnection,
    private readonly othersWrote: () => void,
  ) {
    this.#statements = new Statements(database);
    this.transaction = new Transaction(this.#statements);
    this.#file = connection.inMemory ? undefined : statSync(connection.path).ino;
  }

  /** @param othersWrote - told when another connection is found to have written to the file. */
  static open(connection: SqliteConnection, othersWrote: () => void): StoreSession {
    return new StoreSession(openDatabase(connection), connection, othersWrote);
  }

  /**
   * Starts a transaction: 'IMMEDIATE' takes the write lock at once, so that no statement in it can find the
   * file busy; 'DEFERRED' reads one state of the file.
   */
  begin(mode: 'IMMEDIATE' | 'DEFERRED'): void {
    this.#statements.run(mode === 'IMMEDIATE' ? 'BEGIN IMMEDIATE' : 'BEGIN');
    this.lookForOthers();
  }

  /** Commits; the names of the queues that were changed. */
  commit(): string[] {
    const changed = this.transaction.flush();
    this.#statements.run('COMMIT');
    return changed;
  }

  /** Ends a transaction that only read. */
  endRead(): void {
    if (this.database.isTransaction) this.#statements.run('COMMIT');
  }

  /** Undoes what was not committed, in the file and in memory. SQLite may have rolled back by itself. */
  rollback(): void {
    this.transaction.forget();
    if (this.database.isTransaction) this.#statements.run('ROLLBACK');
  }

  /** Looks whether another connection has written to the file since the last look: what is in memory is old then. */
  lookForOthers(): void {
    if (this.connection.inMemory) return;
    const row = this.#statements.get<{ data_version: number }>('PRAGMA data_version');
    const version = row?.data_version ?? 0;
    if (version === this.#dataVersion) return;
    this.#dataVersion = version;
    this.transaction.forget();
    this.othersWrote();
  }

  /**
   * A file that was deleted can still be written, and all of it is lost at the end of the process: so a
   * look at the directory comes before each transaction.
   *
   * @throws StoreMissingError
   */
  expectFile(): void {
    if (this.#file === undefined) return;
    const found = statSync(this.connection.path, { throwIfNoEntry: false })?.ino;
    if (found !== this.#file) {
      throw new StoreMissingError(this.connection.path, found !== undefined);
    }
  }

  close(): void {
    this.database.close();
  }
}
