import { resolve } from 'node:path';
import { InvalidSqliteConnectionError } from '../errors/index.js';

/** What a commit waits for: see `SqliteOptions.durability`. */
export type Durability = 'full' | 'normal' | 'off';

/** Options of `sqlite()`. */
export interface SqliteOptions {
  /**
   * What an accepted job survives. `full` (default): a loss of power. `normal`: a crash of the
   * process, and a loss of power but for the last moments. `off`: a crash of the process alone; a
   * loss of power may damage the file.
   */
  durability?: Durability;
  /**
   * How long, in ms, an operation waits for another program's write lock before it fails with
   * StoreBusyError. Default 5,000.
   */
  busyTimeout?: number;
}

const MEMORY = ':memory:';
const DURABILITIES: readonly string[] = ['full', 'normal', 'off'] satisfies Durability[];
const DEFAULT_BUSY_TIMEOUT_MS = 5_000;

/**
 * Where jobs are stored: what `connection` is for `createSqliteBackend`. All objects of a process
 * that name the same file share one database connection; each ':memory:' is a store of its own,
 * shared by those who were given the same object.
 */
export class SqliteConnection {
  readonly path: string;
  readonly durability: Durability;
  readonly busyTimeout: number;

  constructor(path: string, options: SqliteOptions = {}) {
    this.path = checkedPath(path);
    this.durability = options.durability ?? 'full';
    this.busyTimeout = options.busyTimeout ?? DEFAULT_BUSY_TIMEOUT_MS;
    if (!DURABILITIES.includes(this.durability)) {
      throw new InvalidSqliteConnectionError(
        `durability: expected 'full', 'normal' or 'off', got ${JSON.stringify(options.durability)}`,
      );
    }
    if (!Number.isFinite(this.busyTimeout) || this.busyTimeout < 0) {
      throw new InvalidSqliteConnectionError(
        `busyTimeout: expected milliseconds, 0 or more, got ${String(options.busyTimeout)}`,
      );
    }
  }

  /** Whether the jobs live in this process's memory alone. */
  get inMemory(): boolean {
    return this.path === MEMORY;
  }
}

/**
 * The connection of BullMQ's classes to a SQLite file, which is made if it is missing.
 *
 * @example new Queue('mail', { connection: sqlite('./data/jobs.sqlite') }, createSqliteBackend)
 *
 * @param path - A path, with or without `file:`, or ':memory:'.
 * @throws InvalidSqliteConnectionError for an empty path or a wrong option.
 */
export function sqlite(path: string, options?: SqliteOptions): SqliteConnection {
  return new SqliteConnection(path, options);
}

function checkedPath(path: string): string {
  const plain = path.startsWith('file:') ? path.slice('file:'.length) : path;
  if (plain.trim() === '' || plain.includes('\0')) {
    throw new InvalidSqliteConnectionError(
      `path: expected a file's path or ':memory:', got ${JSON.stringify(path)}`,
    );
  }
  return plain === MEMORY ? MEMORY : resolve(plain);
}
