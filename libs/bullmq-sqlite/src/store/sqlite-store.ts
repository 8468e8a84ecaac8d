import type { SqliteConnection } from '../connection/index.js';
import { StoreClosedError } from '../errors/index.js';
import type { Operation, WriteOptions } from './group-writer.js';
import { acquireStore, releaseStore } from './store-registry.js';
import type { Wait } from './wake-ups.js';

/**
 * A program's own hold on a jobs file, for tables that it keeps beside the queues: its operations
 * share group commits with theirs. Other tables than its own are not to be touched, but by
 * `promote`.
 */
export interface SqliteStore {
  /**
   * Runs an operation that may write; settles when it is committed. It must be synchronous and
   * change nothing but the database, since it is run again when its group was rolled back.
   *
   * @throws SqliteStoreError, StoreClosedError
   */
  write<Result>(operation: Operation<Result>, options?: WriteOptions): Promise<Result>;
  /**
   * Runs an operation that reads; it sees the writes that were called before it. Throws as `write`
   * does.
   */
  read<Result>(operation: Operation<Result>): Promise<Result>;
  /**
   * Reads what is committed, at once: writes that wait for their commit are not seen. Throws as
   * `write` does.
   */
  readNow<Result>(operation: Operation<Result>): Result;
  /**
   * Waits until this name was announced in this process, by `announce` or by a transaction that is
   * committed, or another process wrote anything, at most `milliseconds`.
   *
   * @param background - The process may end before; default false.
   */
  waitFor(name: string, milliseconds: number, background?: boolean): Wait;
  /** Ends the waits for this name in this process. Other processes need no call. */
  announce(name: string): void;
  /** Gives the file back; it is closed when nobody in this process uses it any more. */
  close(): Promise<void>;
}

/** Opens a jobs file, with its first operation, for tables of one's own: see `SqliteStore`. */
export function openStore(connection: SqliteConnection): SqliteStore {
  const store = acquireStore(connection);
  let closing: Promise<void> | undefined;
  const whileOpen = <Result>(call: () => Promise<Result>): Promise<Result> =>
    closing === undefined ? call() : Promise.reject(new StoreClosedError(store.path));
  return {
    write: (operation, options) => whileOpen(() => store.write(operation, options)),
    read: (operation) => whileOpen(() => store.read(operation)),
    readNow: (operation) => {
      if (closing !== undefined) throw new StoreClosedError(store.path);
      return store.readNow(operation);
    },
    waitFor: (name, milliseconds, background) =>
      store.waitForChange(name, milliseconds, background),
    announce: (name) => store.committed([name]),
    close: () => (closing ??= releaseStore(store)),
  };
}
