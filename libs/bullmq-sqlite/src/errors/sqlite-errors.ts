import {
  NotADatabaseError,
  SqliteStoreError,
  StoreDamagedError,
  StoreDiskError,
  StoreFullError,
  StoreNotOpenedError,
  StoreReadOnlyError,
} from './store.errors.js';

/** SQLite's primary result codes, from https://www.sqlite.org/rescode.html. */
const BUSY = 5;
const LOCKED = 6;
const READONLY = 8;
const IOERR = 10;
const CORRUPT = 11;
const FULL = 13;
const CANTOPEN = 14;
const NOTADB = 26;

const PRIMARY_CODE = 0xff;

/** Whether another connection has the lock, so that trying again soon will do. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error);
  return code === BUSY || code === LOCKED;
}

/** Names what SQLite reported about the file; other errors are returned as they are. */
export function namedError(path: string, error: unknown): Error {
  if (error instanceof SqliteStoreError) return error;
  const options = { cause: error };
  switch (resultCode(error)) {
    case READONLY:
      return new StoreReadOnlyError(path, options);
    case IOERR:
      return new StoreDiskError(path, options);
    case CORRUPT:
      return new StoreDamagedError(path, options);
    case FULL:
      return new StoreFullError(path, options);
    case CANTOPEN:
      return new StoreNotOpenedError(path, options);
    case NOTADB:
      return new NotADatabaseError(path, options);
    default:
      return error instanceof Error ? error : new Error(String(error));
  }
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & PRIMARY_CODE : undefined;
}
