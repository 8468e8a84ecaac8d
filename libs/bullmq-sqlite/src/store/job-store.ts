import type { SqliteConnection } from '../connection/index.js';
import { StoreMissingError } from '../errors/index.js';
import { GroupWriter, type GroupOwner, type Operation } from './group-writer.js';
import { StoreSession } from './store-session.js';
import { type Wait, WakeUps } from './wake-ups.js';

/** One file of jobs, as all queues of this process share it. It is opened by its first use. */
export class JobStore implements GroupOwner {
  readonly #writer = new GroupWriter(this);
  readonly #wakeUps: WakeUps;
  #session: StoreSession | undefined;

  constructor(readonly connection: SqliteConnection) {
    this.#wakeUps = new WakeUps(connection.inMemory ? undefined : () => this.#look());
  }

  get path(): string {
    return this.connection.path;
  }

  get busyTimeout(): number {
    return this.connection.busyTimeout;
  }

  /** Runs an operation that may write; it settles when its group is committed. */
  write<Result>(operation: Operation<Result>): Promise<Result> {
    return this.#writer.write(operation);
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
  waitForChange(queue: string, milliseconds: number): Wait {
    return this.#wakeUps.wait(queue, milliseconds);
  }

  /** The open connection. A file that was replaced by another one is opened anew. */
  session(): StoreSession {
    if (this.#session !== undefined) {
      try {
        this.#session.expectFile();
      } catch (error) {
        if (!(error instanceof StoreMissingError) || !error.replaced) throw error;
        this.#session.close();
        this.#session = undefined;
      }
    }
    this.#session ??= StoreSession.open(this.connection, () => this.#wakeUps.allChanged());
    return this.#session;
  }

  committed(queues: string[]): void {
    for (const queue of queues) this.#wakeUps.changed(queue);
  }

  /** Finishes the operations that were called, then closes the file. */
  async close(): Promise<void> {
    await this.#writer.close();
    this.#wakeUps.allChanged();
    this.#session?.close();
    this.#session = undefined;
  }

  #look(): void {
    try {
      this.#session?.lookForOthers();
    } catch {
      // Whoever waits finds out what is wrong with the file by reading it.
      this.#wakeUps.allChanged();
    }
  }
}
