import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase, type SqliteConnection } from '../connection/index.js';
import { isInTransaction } from '../driver/older-node.js';
import { StoreMissingError } from '../errors/index.js';
import { Statements } from './statements.js';
import { Transaction } from './transaction.js';

/** How often what the file's clock says is noted, with a commit, in ms. */
const NOTE_MS = 10_000;

const NOTE = 'UPDATE clock SET noted = max(noted, ?)';

/** One open database connection: it begins and ends transactions, and knows when others wrote. */
export class StoreSession {
  readonly transaction: Transaction;
  readonly #statements: Statements;
  readonly #file: number | undefined;
  #dataVersion = 0;
  #isSynced = true;
  #notedAt = Number.NEGATIVE_INFINITY;

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
   * Starts a transaction: 'IMMEDIATE' takes the write lock at once, so that no statement in it can
   * find the file busy; 'DEFERRED' reads one state of the file.
   *
   * @param synced - whether COMMIT waits for the disk, where the connection's durability is 'full'.
   * A commit that waits takes all earlier ones to the disk, too.
   */
  begin(mode: 'IMMEDIATE' | 'DEFERRED', synced = this.#isSynced): void {
    if (synced !== this.#isSynced) this.#setSynced(synced);
    this.#statements.run(mode === 'IMMEDIATE' ? 'BEGIN IMMEDIATE' : 'BEGIN');
    this.lookForOthers();
  }

  #setSynced(synced: boolean): void {
    this.#isSynced = synced;
    const { durability, inMemory } = this.connection;
    if (inMemory || durability !== 'full') return;
    this.#statements.run(synced ? 'PRAGMA synchronous = FULL' : 'PRAGMA synchronous = NORMAL');
  }

  /** Commits; the names of the queues that were changed. */
  commit(): string[] {
    const changed = this.transaction.flush();
    this.#noteTime();
    this.#statements.run('COMMIT');
    return changed;
  }

  /** So that the clock does not go back when the machine starts anew: see `windClock`. */
  #noteTime(): void {
    const now = this.transaction.steadyNow();
    if (now < this.#notedAt + NOTE_MS) return;
    this.#notedAt = now;
    this.#statements.runKeepingReady(NOTE, now);
  }

  /** Ends a transaction that only read. */
  endRead(): void {
    try {
      this.#statements.run('COMMIT');
    } catch (error) {
      // SQLite may have ended it by itself.
      if (isInTransaction(this.database)) throw error;
    }
  }

  /**
   * Undoes what was not committed, in the file and in memory. SQLite may have rolled back by
   * itself.
   *
   * @returns false when the connection is of no more use.
   */
  rollback(): boolean {
    this.transaction.forget();
    try {
      if (isInTransaction(this.database)) this.#statements.run('ROLLBACK');
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Looks whether another connection has written to the file since the last look: what is in memory
   * is old then.
   */
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
   * A file that was deleted can still be written, and all of it is lost at the end of the process:
   * so a look at the directory comes before each transaction.
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

  /**
   * Leaves a file that is not in its place any more. What is in its log is copied into it first:
   * SQLite would take a log that stays behind for the log of the file that is there now.
   *
   * @returns false while another connection uses the log.
   */
  leave(): boolean {
    const [result] = this.database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').all();
    if (result?.['busy'] !== 0) return false;
    this.close();
    return true;
  }

  /** Copies what is in the log into the file, as far as nobody reads an older state of it. */
  checkpoint(): void {
    this.database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  close(): void {
    this.database.close();
  }
}
