export { createSqliteBackend } from './backend/create-sqlite-backend.js';
export { SqliteQueueBackend } from './backend/sqlite-queue-backend.js';
export {
  type Durability,
  sqlite,
  SqliteConnection,
  type SqliteOptions,
} from './connection/index.js';
export {
  InvalidSqliteConnectionError,
  NetworkFileSystemError,
  NewerSchemaError,
  NotADatabaseError,
  SqliteStoreError,
  StoreBusyError,
  StoreClosedError,
  StoreDamagedError,
  StoreDiskError,
  StoreFullError,
  StoreMissingError,
  StoreNotOpenedError,
  StoreReadOnlyError,
} from './errors/index.js';
