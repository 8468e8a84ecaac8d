export {
  backendParts,
  type BackendParts,
  createSqliteBackend,
} from './backend/create-sqlite-backend.js';
export type { Life } from './backend/backend-life.js';
export { type DelayOptions, SqliteQueueBackend } from './backend/sqlite-queue-backend.js';
export { transactionBackend, transactionParts } from './backend/transaction-backend.js';
export {
  type Durability,
  sqlite,
  SqliteConnection,
  type SqliteOptions,
} from './connection/index.js';
export {
  BullmqChangedError,
  InvalidSqliteConnectionError,
  NetworkFileSystemError,
  NewerSchemaError,
  NoTransactionError,
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
export { promote } from './jobs/changing/move-waiting-job.js';
export { createSqliteRelayBackend } from './relay/create-sqlite-relay-backend.js';
export { SqliteRelayBackend } from './relay/sqlite-relay-backend.js';
export { newerSchema, type NewerSchema } from './schema/migrate.js';
export {
  type Operation,
  openStore,
  type SqliteStore,
  type Transaction,
  type WriteOptions,
} from './store/index.js';
