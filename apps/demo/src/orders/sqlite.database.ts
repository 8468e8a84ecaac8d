import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { OnModuleDestroy } from '@nestjs/common';
import { OrdersDatabase, type Query } from './orders.database.js';

/** How long a statement waits for another process that writes. */
const BUSY_MS = 2_000;

/**
 * A SQLite file. One connection has one transaction at a time, so all work on it is done in turn.
 */
export class SqliteDatabase extends OrdersDatabase implements OnModuleDestroy {
  private readonly connection: DatabaseSync;
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    path: string,
    readonly holdsJobs: boolean,
  ) {
    super();
    mkdirSync(dirname(path), { recursive: true });
    this.connection = new DatabaseSync(path, { timeout: BUSY_MS });
  }

  query: Query = (sql, ...values) => this.inTurn(async () => this.ask(sql, values));

  transaction<R>(work: (client: object, query: Query) => Promise<R>): Promise<R> {
    return this.inTurn(async () => {
      this.connection.exec('BEGIN IMMEDIATE');
      try {
        const result = await work(this.connection, async (sql, ...values) => this.ask(sql, values));
        this.connection.exec('COMMIT');
        return result;
      } catch (error) {
        this.connection.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /** Jobs are drained before this, so no handler finds it closed. */
  onModuleDestroy(): void {
    this.connection.close();
  }

  private ask<Row>(sql: string, values: (string | number)[]): Row[] {
    const named = Object.fromEntries(values.map((value, index) => [`$${index + 1}`, value]));
    return this.connection.prepare(sql).all(named) as Row[];
  }

  private inTurn<R>(work: () => Promise<R>): Promise<R> {
    const turn = this.last.then(work);
    // What failed is its caller's matter, and not that of the next one.
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
