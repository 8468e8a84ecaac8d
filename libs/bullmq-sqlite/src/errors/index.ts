export { BullmqChangedError } from './bullmq-changed.error.js';
export {
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
} from './store.errors.js';
export { endsConnection, isBusy, namedError } from './sqlite-errors.js';
export { jobError, NotWrittenYetError, type Refusal } from './job-errors.js';
