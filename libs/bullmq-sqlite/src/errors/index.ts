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
} from './store.errors.js';
export { isBusy, namedError } from './sqlite-errors.js';
export { jobError, NotWrittenYetError, type Refusal } from './job-errors.js';
