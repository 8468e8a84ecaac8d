import type { BackendFactory, KeyPrefixOptions, QueueBaseOptions } from 'bullmq';
import type { Engine, EngineCapabilities, ExpiringRows, Refusal } from '../../contracts/index.js';
import type { ResolvedOptions } from '../../options/index.js';
import { registerConnection } from '../default-backend-factory.js';
import { EngineConnection } from '../engine-connection.js';
import { SqliteBackends } from './sqlite-backend-connection.js';
import { SharedSqlite } from './sqlite-connection.js';
import { SqliteCoordinationStore } from './sqlite-coordination-store.js';
import { isSqliteConnectionError } from './sqlite-errors.js';
import { sqliteExpiringRows } from './sqlite-expiring-rows.js';
import { SqliteStartStore } from './sqlite-start-store.js';
import { SqliteTurnStore } from './sqlite-turn-store.js';
import { isInMemory, type SqliteTarget } from './sqlite-settings.js';

/**
 * Jobs in a SQLite file of this machine, or in the memory of this process.
 * @internal
 */
export class SqliteEngine implements Engine {
  readonly name = 'sqlite';
  readonly capabilities: EngineCapabilities;
  readonly bullmqOptions: QueueBaseOptions & KeyPrefixOptions;
  readonly backendFactory: BackendFactory;
  readonly clockOffset = 0;
  readonly store: SqliteCoordinationStore;
  readonly turns: SqliteTurnStore;
  readonly starts: SqliteStartStore;
  readonly expiring: readonly ExpiringRows[];
  isClosed = false;
  private readonly sqlite: SharedSqlite;
  private readonly backends: SqliteBackends;

  constructor({ prefix, connectTimeoutMs }: ResolvedOptions, target: SqliteTarget) {
    const inMemory = isInMemory(target);
    this.capabilities = {
      // No second connection reaches what is in this process's memory.
      transactionalEnqueue: !inMemory,
      sharedAcrossMachines: false,
      outlivesProcess: !inMemory,
    };
    this.sqlite = new SharedSqlite(target, { prefix, connectTimeoutMs });
    this.store = new SqliteCoordinationStore(this.sqlite);
    this.turns = new SqliteTurnStore(this.sqlite);
    this.starts = new SqliteStartStore(this.sqlite);
    this.expiring = sqliteExpiringRows(this.sqlite);
    this.backends = new SqliteBackends(this.sqlite);
    this.backendFactory = this.backends.factory;
    const connection = new EngineConnection(this.name, this.address);
    this.bullmqOptions = { connection: connection, prefix };
    registerConnection(connection, this.backendFactory);
  }

  get address(): string {
    return this.sqlite.address;
  }

  get place(): string {
    return `the SQLite file ${this.address}, prefix "${this.sqlite.prefix}"`;
  }

  async connect(): Promise<void> {
    await this.sqlite.connect();
    await this.backends.load();
  }

  newerThanKnown(): Promise<string | undefined> {
    return this.sqlite.newerThanKnown();
  }

  ping(timeoutMs: number): Promise<number> {
    return this.sqlite.ping(timeoutMs);
  }

  isConnectionError(error: unknown): boolean {
    return isSqliteConnectionError(error);
  }

  refusalOf(error: unknown): Refusal | undefined {
    return this.sqlite.refusalOf(error);
  }

  transactionBackend(database: unknown): BackendFactory {
    return this.backends.transactionFactory(database);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await this.store.close();
    await this.sqlite.close();
  }
}
