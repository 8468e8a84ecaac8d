import { ConnectionClosedError } from 'bullmq';
import type {
  NewerSchema,
  Operation,
  SqliteConnection,
  SqliteStore,
  Transaction,
  WriteOptions,
} from 'bullmq-sqlite';
import type { Refusal } from '../../contracts/index.js';
import {
  JobsConfigurationError,
  NewerStoreError,
  StoreUnreachableError,
} from '../../errors/index.js';
import { withDeadline } from '../../lifecycle/index.js';
import { monotonicNow, pause } from '../../timers/index.js';
import {
  asConnectionClosed,
  explainMissingSqlite,
  isMissingTable,
  sqliteRefusal,
} from './sqlite-errors.js';
import { COORDINATION_TABLES } from './sqlite-scripts.js';
import { assertSqliteTarget, sqliteAddress, type SqliteTarget } from './sqlite-settings.js';

/** Before a file that is locked is tried again, after the store's own busy timeout. */
const BUSY_PAUSE_MS = 20;

/** Loaded when the engine connects: other engines' applications have no use for it. */
type Driver = typeof import('bullmq-sqlite');

/** What is there while the engine is connected. */
interface Opened {
  readonly driver: Driver;
  readonly connection: SqliteConnection;
  readonly store: SqliteStore;
}

export interface SqliteConnectionSettings {
  readonly prefix: string;
  readonly connectTimeoutMs: number;
}

/** A wait for a change. */
export type Wait = ReturnType<SqliteStore['waitFor']>;

/**
 * The engine's file, which all queues and workers of the process share.
 * @internal
 */
export class SharedSqlite {
  readonly address: string;
  private opened: Opened | undefined;
  private closed = false;
  /** Whether the last write met a file that could not be written. */
  private isFailing = false;

  constructor(
    private readonly target: SqliteTarget,
    private readonly settings: SqliteConnectionSettings,
  ) {
    assertSqliteTarget(target);
    this.address = sqliteAddress(target);
  }

  /** What separates this application's jobs from those of others in the same file. */
  get prefix(): string {
    return this.settings.prefix;
  }

  get isOpen(): boolean {
    return this.opened !== undefined && !this.closed;
  }

  /** @throws StoreUnreachableError before `connect()` and after `close()` */
  private get parts(): Opened {
    if (this.opened && !this.closed) return this.opened;
    throw this.unreachable(
      this.closed ? 'the engine is closed' : 'the engine is not connected yet',
    );
  }

  /**
   * Opens the file, which is made if it is missing, and creates the coordination store's tables;
   * waits for a file that others have locked until `connectTimeout` is over.
   * @throws StoreUnreachableError, JobsConfigurationError
   */
  async connect(): Promise<void> {
    if (this.opened) return;
    const opened = await this.load();
    const { connectTimeoutMs } = this.settings;
    try {
      await withDeadline(prepare(opened, connectTimeoutMs), connectTimeoutMs, () =>
        this.unreachable(`no answer within ${connectTimeoutMs} ms`),
      );
    } catch (error) {
      // Not awaited: it waits for what waits for the lock.
      void opened.store.close().catch(() => undefined);
      throw this.bootError(error, opened.driver);
    }
    this.opened = opened;
  }

  /** What backends open. @throws StoreUnreachableError before `connect()` and after `close()` */
  get connection(): SqliteConnection {
    return this.parts.connection;
  }

  /** Runs an operation of the coordination store that may write. */
  write<Result>(operation: Operation<Result>, options?: WriteOptions): Promise<Result> {
    return this.guarded(() => this.withTables(() => this.parts.store.write(operation, options)));
  }

  /** Runs an operation of the coordination store that reads. */
  read<Result>(operation: Operation<Result>): Promise<Result> {
    return this.guarded(() => this.withTables(() => this.parts.store.read(operation)));
  }

  /**
   * Reads what is committed, at once.
   * @returns undefined when that cannot be done now
   */
  readNow<Result>(operation: Operation<Result>): Result | undefined {
    try {
      return this.parts.store.readNow(operation);
    } catch {
      // Whoever needs to know asks again, and waits.
      return undefined;
    }
  }

  /** Makes a delayed job ready to run, within an operation. @returns whether it was delayed */
  promote(transaction: Transaction, queue: string, id: string): boolean {
    return this.parts.driver.promote(transaction, `${this.prefix}:${queue}`, id) === 0;
  }

  /** Waits until this process announced the name, or another one wrote. */
  waitFor(name: string, milliseconds: number, background = false): Wait {
    return this.parts.store.waitFor(name, milliseconds, background);
  }

  announce(name: string): void {
    this.opened?.store.announce(name);
  }

  /**
   * Runs a call on the file.
   * @throws ConnectionClosedError of BullMQ's when the file cannot be used, or the engine is closed
   */
  async guarded<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      if (this.closed) throw this.unreachable('the engine is closed');
      const result = await call();
      this.isFailing = false;
      return result;
    } catch (error) {
      throw this.retryable(error);
    }
  }

  /** Reads; after a failure it writes too, since a full disk can still be read. @returns ms */
  async ping(timeoutMs: number): Promise<number> {
    const start = monotonicNow();
    const call = this.isFailing ? this.write(probeWrite) : this.read(probeRead);
    await withDeadline(call, timeoutMs, () => this.unreachable(`no answer within ${timeoutMs} ms`));
    return monotonicNow() - start;
  }

  async newerThanKnown(): Promise<string | undefined> {
    const { newerSchema } = this.parts.driver;
    const newer = await this.read((transaction) => newerSchema(transaction));
    return newer && newerFile(newer);
  }

  refusalOf(error: unknown): Refusal | undefined {
    return this.opened && sqliteRefusal(error, this.opened.driver);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.opened?.store.close();
  }

  unreachable(reason: string, cause?: unknown): StoreUnreachableError {
    const remedy = 'Check the path in `connection` of JobsModule.forRoot(), and its permissions.';
    return new StoreUnreachableError('sqlite', this.address, reason, { cause, remedy });
  }

  private async load(): Promise<Opened> {
    const driver = await import('bullmq-sqlite').catch(explainMissingSqlite);
    const connection = typeof this.target === 'string' ? driver.sqlite(this.target) : this.target;
    try {
      return { driver, connection, store: driver.openStore(connection) };
    } catch (error) {
      throw misconfigured((error as Error).message);
    }
  }

  private bootError(error: unknown, { NetworkFileSystemError, NewerSchemaError }: Driver): Error {
    if (error instanceof StoreUnreachableError) return error;
    const { message } = error as Error;
    if (error instanceof NewerSchemaError) {
      const { version: needs, supported } = error;
      return new NewerStoreError('sqlite', this.address, newerFile({ needs, supported }));
    }
    // The one that no wait and no repair of the file helps against.
    if (error instanceof NetworkFileSystemError) return misconfigured(message);
    return this.unreachable(message, error);
  }

  private retryable(error: unknown): unknown {
    if (error instanceof StoreUnreachableError)
      return new ConnectionClosedError(error.message, error);
    const named = this.opened ? asConnectionClosed(error, this.opened.driver) : error;
    if (named !== error) this.isFailing = true;
    return named;
  }

  /** A file that was put in the place of the one that was opened has no tables yet. */
  private async withTables<Result>(call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      if (!isMissingTable(error)) throw error;
      await this.parts.store.write(createTables);
      return call();
    }
  }
}

function newerFile({ needs, supported }: NewerSchema): string {
  return `expected a file that version ${supported} of its tables can work with, got one that needs version ${needs}`;
}

function misconfigured(problem: string): JobsConfigurationError {
  return new JobsConfigurationError([`JobsModule.forRoot(): "connection": ${problem}`]);
}

async function prepare({ store, driver }: Opened, withinMs: number): Promise<void> {
  for (const deadline = monotonicNow() + withinMs; ;) {
    try {
      return await store.write(createTables, { synced: false });
    } catch (error) {
      if (!(error instanceof driver.StoreBusyError) || monotonicNow() > deadline) throw error;
      await pause(BUSY_PAUSE_MS);
    }
  }
}

function createTables(transaction: Transaction): void {
  for (const statement of COORDINATION_TABLES) transaction.run(statement);
}

function probeRead(transaction: Transaction): void {
  transaction.get('SELECT 1');
}

function probeWrite(transaction: Transaction): void {
  transaction.run('DELETE FROM coordination_value WHERE expires_at <= ?', 0);
}
