import type { BackendFactory } from 'bullmq';
import type { SharedSqlite } from './sqlite-connection.js';

/**
 * Loaded when the engine connects: it extends a class of the package that the engine loads then.
 */
type Classes = typeof import('./sqlite-backend.js');

/**
 * Builds the engine's backends, all on its one file.
 * @internal
 */
export class SqliteBackends {
  private classes: Classes | undefined;

  constructor(private readonly sqlite: SharedSqlite) {}

  async load(): Promise<void> {
    this.classes ??= await import('./sqlite-backend.js');
  }

  readonly factory: BackendFactory = (name, opts, context) => {
    const { connection } = this.sqlite;
    return this.loaded.createSafeBackend(this.sqlite, connection, name, opts, context);
  };

  /** Builds backends that write through a connection of the application. */
  transactionFactory(database: unknown): BackendFactory {
    const { connection, prefix } = this.sqlite;
    return this.loaded.transactionFactory(database, connection, prefix);
  }

  /** @throws StoreUnreachableError before `connect()` */
  private get loaded(): Classes {
    if (this.classes) return this.classes;
    throw this.sqlite.unreachable('the engine is not connected yet');
  }
}
