/**
 * Something about the file that holds the jobs. Every such error names the file and says what to
 * do.
 */
export class SqliteStoreError extends Error {
  constructor(
    /** The file, or ':memory:'. */
    readonly path: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${message} (jobs file: ${path})`, options);
    this.name = new.target.name;
  }
}

/** Another program held the file's write lock for longer than `busyTimeout`. */
export class StoreBusyError extends SqliteStoreError {
  constructor(path: string, waitedMs: number, options?: ErrorOptions) {
    super(
      path,
      `Expected the write lock within ${waitedMs} ms, but another program holds it. ` +
        "Nothing was stored: end the other program's transaction, then call again",
      options,
    );
  }
}

/** No space left on the disk, or the file's page limit is reached. */
export class StoreFullError extends SqliteStoreError {
  constructor(path: string, options?: ErrorOptions) {
    super(path, 'The disk is full: nothing was stored. Free space, then call again', options);
  }
}

/** The file or its directory can't be written. */
export class StoreReadOnlyError extends SqliteStoreError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      path,
      'Expected a file and a directory that this process may write. Grant it the permission, or choose another path',
      options,
    );
  }
}

/** The file can't be opened: its directory is missing, or it is a directory itself. */
export class StoreNotOpenedError extends SqliteStoreError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      path,
      'The file could not be opened or created. Check the path and its permissions',
      options,
    );
  }
}

/** The file is not a database of SQLite. */
export class NotADatabaseError extends SqliteStoreError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      path,
      'Expected a database of SQLite, but the file holds something else. Choose another path',
      options,
    );
  }
}

/** The file is damaged. */
export class StoreDamagedError extends SqliteStoreError {
  constructor(path: string, options?: ErrorOptions) {
    super(
      path,
      'The file is damaged. Stop all processes that use it, and recover it with "sqlite3 FILE .recover", or restore a copy',
      options,
    );
  }
}

/** The file was deleted or replaced while this process had it open. */
export class StoreMissingError extends SqliteStoreError {
  constructor(
    path: string,
    /** Whether another file is in its place. */
    readonly replaced: boolean,
  ) {
    super(
      path,
      'The file was deleted or moved while it was open: nothing was stored. Put it back, or create a new one in its place',
    );
  }
}

/** The disk refused to read or write. */
export class StoreDiskError extends SqliteStoreError {
  constructor(path: string, options?: ErrorOptions) {
    super(path, 'The disk reported an error. Check the disk, then call again', options);
  }
}

/** A newer version of this library has written the file. */
export class NewerSchemaError extends SqliteStoreError {
  constructor(
    path: string,
    readonly version: number,
    readonly supported: number,
  ) {
    super(
      path,
      `Expected a file of version ${supported} or older, got version ${version}. Upgrade bullmq-sqlite in this process`,
    );
  }
}

/** SQLite's locks do not work over a network. */
export class NetworkFileSystemError extends SqliteStoreError {
  constructor(
    path: string,
    readonly fileSystem: string,
  ) {
    super(
      path,
      `Expected a disk of this machine, got a network file system (${fileSystem}), where SQLite's locks are not safe. ` +
        'Choose a local path, or Redis or PostgreSQL for a fleet',
    );
  }
}

/**
 * The application's connection has no open transaction: the job would be stored by itself, at once.
 */
export class NoTransactionError extends SqliteStoreError {
  constructor(path: string) {
    super(
      path,
      'Expected a connection with an open transaction. Nothing was stored: BEGIN IMMEDIATE first',
    );
  }
}

/**
 * The backend was used after it was closed. The message is the one by which BullMQ knows this case.
 */
export class StoreClosedError extends Error {
  constructor(readonly path: string) {
    super('Connection is closed.');
    this.name = new.target.name;
  }
}

/** A wrong argument of `sqlite()`. */
export class InvalidSqliteConnectionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}
