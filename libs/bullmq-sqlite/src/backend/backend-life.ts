import { randomUUID } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import type { SqliteConnection } from '../connection/index.js';
import { StoreClosedError } from '../errors/index.js';
import { registerClient, unregisterClient } from '../jobs/queue/clients.js';
import {
  acquireStore,
  type JobStore,
  type Operation,
  releaseStore,
  type Wait,
  type WriteOptions,
} from '../store/index.js';
import { every, type Timer } from '../timers/index.js';

/** How often a named client says that it is still there, in ms. */
const HEARTBEAT_MS = 20_000;

/** A backend's hold on its file. */
export interface Life {
  /** Set as soon as `close()` was called. */
  readonly closing: Promise<void> | undefined;
  /** Opens the file; a call after a failure tries again. */
  ready(): Promise<void>;
  write<Result>(operation: Operation<Result>, options?: WriteOptions): Promise<Result>;
  read<Result>(operation: Operation<Result>): Promise<Result>;
  /** Waits until a queue has changed, at most `milliseconds`. */
  waitForChange(queue: string, milliseconds: number): Wait;
  /** Lists this backend under a name, as `CLIENT SETNAME` does on Redis. */
  setName(name: string): Promise<void>;
  /** Gives the file back. */
  close(): Promise<void>;
  /** Reports `ready` and `close` through this emitter. */
  forwardTo(emitter: EventEmitter): void;
}

/** The hold of a backend that owns its file's use, from the constructor to `close()`. */
export class BackendLife implements Life {
  closing: Promise<void> | undefined;
  readonly #store: JobStore;
  readonly #clientId = randomUUID();
  #clientName: string | undefined;
  #heartbeat: Timer | undefined;
  #ready: Promise<void> | undefined;
  #emitter: EventEmitter | undefined;
  #closed = false;

  /** @param clientName - lists this backend among the queue's workers. */
  constructor(connection: SqliteConnection, clientName?: string) {
    this.#store = acquireStore(connection);
    this.#clientName = clientName;
  }

  forwardTo(emitter: EventEmitter): void {
    this.#emitter ??= emitter;
  }

  ready(): Promise<void> {
    this.#ready ??= this.#open().catch((error: unknown) => {
      this.#ready = undefined;
      throw error;
    });
    return this.#ready;
  }

  write<Result>(operation: Operation<Result>, options?: WriteOptions): Promise<Result> {
    return this.#closed ? this.#refuse() : this.#store.write(operation, options);
  }

  read<Result>(operation: Operation<Result>): Promise<Result> {
    return this.#closed ? this.#refuse() : this.#store.read(operation);
  }

  waitForChange(queue: string, milliseconds: number): Wait {
    return this.#store.waitForChange(queue, milliseconds);
  }

  async setName(name: string): Promise<void> {
    this.#clientName = name;
    if (this.closing === undefined) await this.#register();
  }

  close(): Promise<void> {
    this.closing ??= this.#close();
    return this.closing;
  }

  async #open(): Promise<void> {
    // Once it was open, a job may have run: its end waits for this, and has its own way with
    // errors.
    if (!this.#store.wasOpened) await this.#store.read(() => undefined);
    if (this.#clientName !== undefined && this.closing === undefined) await this.#register();
    this.#emitter?.emit('ready');
  }

  async #register(): Promise<void> {
    const register = (): Promise<void> =>
      // A missed heartbeat is made up for by the next one.
      this.#store
        .write((tx) => registerClient(tx, this.#clientId, this.#clientName ?? ''), {
          synced: false,
        })
        .catch(() => undefined);
    await register();
    this.#heartbeat ??= every(HEARTBEAT_MS, () => void register()).unref();
  }

  async #close(): Promise<void> {
    this.#heartbeat?.stop();
    if (this.#heartbeat !== undefined) {
      // A file that can't be written any more must not keep the process from closing.
      await this.#store.write((tx) => unregisterClient(tx, this.#clientId)).catch(() => undefined);
    }
    this.#closed = true;
    await releaseStore(this.#store);
    this.#emitter?.emit('close');
  }

  #refuse(): Promise<never> {
    return Promise.reject(new StoreClosedError(this.#store.path));
  }
}

/** The hold of a backend that works through another one's: closing it closes nothing. */
export class BorrowedLife implements Life {
  readonly closing = undefined;

  constructor(private readonly owner: Life) {}

  ready(): Promise<void> {
    return this.owner.ready();
  }

  write<Result>(operation: Operation<Result>, options?: WriteOptions): Promise<Result> {
    return this.owner.write(operation, options);
  }

  read<Result>(operation: Operation<Result>): Promise<Result> {
    return this.owner.read(operation);
  }

  waitForChange(queue: string, milliseconds: number): Wait {
    return this.owner.waitForChange(queue, milliseconds);
  }

  setName(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  forwardTo(): void {}
}
