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

type NamedError = new (path: string, options?: ErrorOptions) => SqliteStoreError;

/** What SQLite or the operating system reported about the file, by its code. */
const ERRORS: ReadonlyMap<unknown, NamedError> = new Map<unknown, NamedError>([
  [READONLY, StoreReadOnlyError],
  [IOERR, StoreDiskError],
  [CORRUPT, StoreDamagedError],
  [FULL, StoreFullError],
  [CANTOPEN, StoreNotOpenedError],
  [NOTADB, NotADatabaseError],
  ['EACCES', StoreReadOnlyError],
  ['EPERM', StoreReadOnlyError],
  ['EROFS', StoreReadOnlyError],
  ['ENOSPC', StoreFullError],
  ['EDQUOT', StoreFullError],
  ['EIO', StoreDiskError],
  ['ENOENT', StoreNotOpenedError],
  ['ENOTDIR', StoreNotOpenedError],
  ['EEXIST', StoreNotOpenedError],
  ['ELOOP', StoreNotOpenedError],
]);

/** Names what was reported about the file; other errors are returned as they are. */
export function namedError(path: string, error: unknown): Error {
  if (error instanceof SqliteStoreError) return error;
  const Named = ERRORS.get(resultCode(error) ?? (error as NodeJS.ErrnoException | null)?.code);
  if (Named !== undefined) return new Named(path, { cause: error });
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * Whether the open connection is of no more use after this error: the file has to be opened anew.
 */
export function endsConnection(error: Error): boolean {
  return (
    error instanceof StoreReadOnlyError ||
    error instanceof StoreDiskError ||
    error instanceof StoreDamagedError ||
    error instanceof NotADatabaseError
  );
}

function resultCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & PRIMARY_CODE : undefined;
}
