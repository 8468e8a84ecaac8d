import type { DatabaseSync } from 'node:sqlite';
import { isInTransaction } from '../driver/older-node.js';
import { NoTransactionError } from '../errors/index.js';
import { type Operation, Statements, Transaction, type Wait } from '../store/index.js';
import type { Life } from './backend-life.js';

const SAVEPOINT = 'SAVEPOINT bullmq_sqlite';
const RELEASE = 'RELEASE bullmq_sqlite';
const UNDO = 'ROLLBACK TO bullmq_sqlite';

/** Statements are prepared once for each connection of an application. */
const transactions = new WeakMap<DatabaseSync, Transaction>();

/**
 * A backend's hold on a transaction of the application: operations run at once on its connection,
 * and neither begin nor end anything.
 */
export class TransactionLife implements Life {
  readonly closing = undefined;
  readonly #transaction: Transaction;

  constructor(
    private readonly database: DatabaseSync,
    private readonly path: string,
  ) {
    const known = transactions.get(database);
    this.#transaction = known ?? new Transaction(new Statements(database));
    if (known === undefined) transactions.set(database, this.#transaction);
  }

  ready(): Promise<void> {
    return Promise.resolve();
  }

  write<Result>(operation: Operation<Result>): Promise<Result> {
    return new Promise((resolve) => resolve(this.#run(operation)));
  }

  read<Result>(operation: Operation<Result>): Promise<Result> {
    return this.write(operation);
  }

  waitForChange(): Wait {
    throw new Error('A transaction stores jobs; a worker that waits for one needs a connection');
  }

  setName(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  forwardTo(): void {}

  /**
   * An operation that fails leaves nothing behind; what the application does then is its own
   * choice.
   */
  #run<Result>(operation: Operation<Result>): Result {
    if (!isInTransaction(this.database)) throw new NoTransactionError(this.path);
    const transaction = this.#transaction;
    transaction.run(SAVEPOINT);
    try {
      const result = operation(transaction);
      transaction.flush();
      transaction.run(RELEASE);
      return result;
    } catch (error) {
      if (isInTransaction(this.database)) {
        transaction.run(UNDO);
        transaction.run(RELEASE);
      }
      throw error;
    } finally {
      // The next operation reads anew: in between anything can have been rolled back.
      transaction.forget();
    }
  }
}
