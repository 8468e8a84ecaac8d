import { AsyncLocalStorage } from 'node:async_hooks';
import {
  endsConnection,
  isBusy,
  namedError,
  StoreBusyError,
  StoreClosedError,
} from '../errors/index.js';
import { after, inNextTurn, monotonicNow, nextTurn } from '../timers/index.js';
import type { StoreSession } from './store-session.js';
import type { Transaction } from './transaction.js';

/**
 * One synchronous piece of work in a transaction. It may be run again from its start (after a
 * rollback), so it changes nothing but the database.
 */
export type Operation<Result> = (transaction: Transaction) => Result;

/** What a write has to survive. */
export interface WriteOptions {
  /**
   * Whether the commit waits for the disk, if the connection's durability asks for that; default
   * true. False for what a loss of power may take back, since it would only be done again: a claim,
   * a lock.
   */
  synced?: boolean;
}

interface PendingOperation {
  operation: Operation<unknown>;
  synced: boolean;
  isRead: boolean;
  resolve: (result: never) => void;
  reject: (error: Error) => void;
  since: number;
  result?: unknown;
}

/**
 * A group is committed when it has held the event loop this long, in ms; the rest is another group.
 */
const GROUP_MS = 8;

/**
 * How long a read waits for writes that were called before it, while another program holds the
 * lock, in ms.
 */
const READ_PATIENCE_MS = 50;

/**
 * Tries for the write lock are this far apart, in ms: random, so that no process starves another.
 */
const RETRY_MS = { least: 1, most: 12 };

/**
 * Enters the async context in which this file was loaded. A group belongs to all who are in it, and
 * what comes of it (timers, wake-ups) must not keep the context of whoever came first.
 */
const outsideCalls = AsyncLocalStorage.snapshot();

/** What the writer needs from the store that owns it. */
export interface GroupOwner {
  readonly path: string;
  readonly busyTimeout: number;
  /** The open connection; opens it if needed. */
  session(): StoreSession;
  /** Told after each COMMIT which queues were changed. */
  committed(queues: string[]): void;
  /** Closes a connection that is of no more use. */
  dropSession(): void;
}

/**
 * Group commit: operations that arrive in one turn of the event loop share a transaction, and their
 * promises settle after its COMMIT. All of a group runs in one synchronous piece, so nobody can
 * read half of it.
 *
 * When an operation throws, the group is rolled back and its operations are run again, each in a
 * transaction of its own: one failure harms no other caller.
 */
export class GroupWriter {
  #pending: PendingOperation[] = [];
  #isTurnDue = false;
  #closed = false;
  #idle: (() => void) | undefined;

  constructor(private readonly owner: GroupOwner) {}

  /** Runs an operation in the next group. */
  write<Result>(
    operation: Operation<Result>,
    { synced = true }: WriteOptions = {},
  ): Promise<Result> {
    return this.#add(operation, synced, false);
  }

  #add<Result>(operation: Operation<Result>, synced: boolean, isRead: boolean): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      if (this.#closed) return reject(new StoreClosedError(this.owner.path));
      this.#pending.push({ operation, synced, isRead, resolve, reject, since: monotonicNow() });
      this.#schedule();
    });
  }

  /**
   * Reads at once, or behind the writes that were called before it: a caller sees its own writes.
   * While another program holds the write lock for longer, it sees what is committed: the holder
   * may be the caller's own transaction, which it does not end before it has its answer.
   *
   * The answer comes in another turn of the event loop all the same, as from a server: who reads in
   * a loop must let others run, and BullMQ tells of a job's start before it can be cancelled.
   */
  async read<Result>(operation: Operation<Result>): Promise<Result> {
    if (this.#pending.length > 0 || this.#closed) return this.#add(operation, false, true);
    try {
      const result = this.readNow(operation);
      await nextTurn();
      return result;
    } catch (error) {
      if (isBusy(error)) return this.#add(operation, false, true);
      throw this.#named(error);
    }
  }

  /** Reads what is committed. */
  readNow<Result>(operation: Operation<Result>): Result {
    const session = this.owner.session();
    session.begin('DEFERRED');
    try {
      return operation(session.transaction);
    } finally {
      session.endRead();
    }
  }

  /** Runs what is waiting, then refuses more. */
  async close(): Promise<void> {
    if (this.#pending.length > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#closed = true;
  }

  readonly #runGroup = (): void => {
    this.#isTurnDue = false;
    const group = this.#pending;
    let done = 0;
    let session: StoreSession | undefined;
    try {
      session = this.owner.session();
      session.begin('IMMEDIATE', group.some(isSynced));
      const until = monotonicNow() + GROUP_MS;
      do {
        const next = group[done] as PendingOperation;
        done += 1;
        next.result = next.operation(session.transaction);
      } while (done < group.length && monotonicNow() < until);
      const changed = session.commit();
      this.#settle(group.splice(0, done), changed);
    } catch (error) {
      this.#rollback(session);
      if (done === 0) this.#notBegun(error);
      else this.#runAlone(group.splice(0, done));
    }
    this.#next();
  };

  #rollback(session: StoreSession | undefined): void {
    if (session?.rollback() === false) this.owner.dropSession();
  }

  /**
   * Gives an error its name, and ends a connection that it made useless: nothing may be open on it.
   */
  #named(error: unknown): Error {
    const named = namedError(this.owner.path, error);
    if (endsConnection(named)) this.owner.dropSession();
    return named;
  }

  #settle(group: PendingOperation[], changed: string[]): void {
    for (const { resolve, result } of group) resolve(result as never);
    this.owner.committed(changed);
  }

  /**
   * Runs each operation in its own transaction; who finds the file busy, or no time, waits for the
   * next group.
   */
  #runAlone(group: PendingOperation[]): void {
    const until = monotonicNow() + GROUP_MS;
    for (const [index, pending] of group.entries()) {
      let session: StoreSession | undefined;
      try {
        session = this.owner.session();
        session.begin('IMMEDIATE', pending.synced);
        pending.result = pending.operation(session.transaction);
        this.#settle([pending], session.commit());
      } catch (error) {
        this.#rollback(session);
        if (isBusy(error)) {
          this.#pending.unshift(...group.slice(index));
          return;
        }
        pending.reject(this.#named(error));
      }
      if (monotonicNow() > until) {
        this.#pending.unshift(...group.slice(index + 1));
        return;
      }
    }
  }

  /** The file is locked: wait, but not for ever. Or it is unusable: tell all. */
  #notBegun(error: unknown): void {
    if (!isBusy(error)) {
      const named = this.#named(error);
      for (const { reject } of this.#pending.splice(0)) reject(named);
      return;
    }
    this.#answerReads();
    const { path, busyTimeout } = this.owner;
    const overdue = monotonicNow() - busyTimeout;
    this.#pending = this.#pending.filter(({ since, reject }) => {
      if (since > overdue) return true;
      reject(new StoreBusyError(path, busyTimeout, { cause: error }));
      return false;
    });
    if (this.#pending.length === 0) return;
    const pause = RETRY_MS.least + Math.random() * (RETRY_MS.most - RETRY_MS.least);
    this.#isTurnDue = true;
    after(pause, this.#runGroup);
  }

  /** Reads need no lock: those that have waited for it for a while do without. */
  #answerReads(): void {
    const overdue = monotonicNow() - READ_PATIENCE_MS;
    this.#pending = this.#pending.filter(({ operation, isRead, since, resolve, reject }) => {
      if (!isRead || since > overdue) return true;
      try {
        resolve(this.readNow(operation) as never);
      } catch (error) {
        if (isBusy(error)) return true;
        reject(this.#named(error));
      }
      return false;
    });
  }

  #next(): void {
    if (this.#pending.length > 0) this.#schedule();
    else this.#idle?.();
  }

  #schedule(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    outsideCalls(inNextTurn, this.#runGroup);
  }
}

function isSynced({ synced }: PendingOperation): boolean {
  return synced;
}
