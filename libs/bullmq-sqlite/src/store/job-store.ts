import type { SqliteConnection } from '../connection/index.js';
import { StoreMissingError } from '../errors/index.js';
import { FreePages } from './free-pages.js';
import { GroupWriter, type GroupOwner, type Operation, type WriteOptions } from './group-writer.js';
import { StoreSession } from './store-session.js';
import { type Wait, WakeUps } from './wake-ups.js';

/**
 * So many looks of an idle process are for one at whether the file is still in its place: 250 ms.
 */
const LOOKS_A_FILE_CHECK = 10;

/** One file of jobs, as all queues of this process share it. It is opened by its first use. */
export class JobStore implements GroupOwner {
  readonly #writer = new GroupWriter(this);
  readonly #wakeUps: WakeUps;
  readonly #freePages: FreePages | undefined;
  /** Whether the file could ever be opened. */
  wasOpened = false;
  #session: StoreSession | undefined;
  #looks = 0;

  constructor(readonly connection: SqliteConnection) {
    this.#wakeUps = new WakeUps(connection.inMemory ? undefined : () => this.#look());
    if (!connection.inMemory) this.#freePages = new FreePages(this);
  }

  get path(): string {
    return this.connection.path;
  }

  get busyTimeout(): number {
    return this.connection.busyTimeout;
  }

  /** Runs an operation that may write; it settles when its group is committed. */
  write<Result>(operation: Operation<Result>, options?: WriteOptions): Promise<Result> {
    return this.#writer.write(operation, options);
  }

  /** Runs an operation that reads; it sees the writes that were called before it. */
  read<Result>(operation: Operation<Result>): Promise<Result> {
    return this.#writer.read(operation);
  }

  /** Reads what is committed, at once. */
  readNow<Result>(operation: Operation<Result>): Result {
    return this.#writer.readNow(operation);
  }

  /** Waits until a queue has changed, at most `milliseconds`. */
  waitForChange(queue: string, milliseconds: number, background = false): Wait {
    return this.#wakeUps.wait(queue, milliseconds, background);
  }

  /** The open connection. A file that was replaced by another one is opened anew. */
  session(): StoreSession {
    if (this.#session !== undefined) {
      try {
        this.#session.expectFile();
      } catch (error) {
        const isReplaced = error instanceof StoreMissingError && error.replaced;
        if (!isReplaced || !this.#session.leave()) throw error;
        this.#session = undefined;
      }
    }
    this.#session ??= StoreSession.open(this.connection, () => this.#wakeUps.allChanged());
    this.wasOpened = true;
    return this.#session;
  }

  /** Copies what is in the log into the file, as far as nobody needs the log any more. */
  checkpoint(): void {
    this.session().checkpoint();
  }

  /** The next use opens the file anew. What is in memory lives in its connection, and stays. */
  dropSession(): void {
    if (this.connection.inMemory) return;
    this.#session?.close();
    this.#session = undefined;
  }

  committed(queues: string[]): void {
    if (queues.length > 0) this.#freePages?.written();
    for (const queue of queues) this.#wakeUps.changed(queue);
  }

  /** Finishes the operations that were called, then closes the file. */
  async close(): Promise<void> {
    await this.#writer.close();
    this.#freePages?.stop();
    this.#wakeUps.allChanged();
    this.#session?.close();
    this.#session = undefined;
  }

  #look(): void {
    try {
      this.#looks += 1;
      // A look at the directory costs as much as one at the file, and a file is seldom deleted.
      if (this.#looks % LOOKS_A_FILE_CHECK === 0) this.#session?.expectFile();
      this.#session?.lookForOthers();
    } catch {
      // Whoever waits finds out what is wrong with the file by reading it.
      this.#wakeUps.allChanged();
    }
  }
}
