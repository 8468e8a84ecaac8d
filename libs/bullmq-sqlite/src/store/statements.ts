import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';
import { readingValues } from '../driver/older-node.js';

/** A value that a column of our tables can hold. */
export type Value = SQLInputValue;

/** One row, by column name. */
export type Row = Record<string, string | number | null>;

interface Prepared {
  statement: StatementSync;
  writes: boolean;
}

const WRITES = /\b(?:INSERT|UPDATE|DELETE|REPLACE)\b/i;

/**
 * Prepares each statement once per connection, and finds it again by its text.
 *
 * A number of rows is bound as `LIMIT +?`: SQLite plans a statement anew each time that the value
 * of a bare `LIMIT ?` was bound, which costs more than most statements do.
 */
export class Statements {
  /** How many writes there were that did not say what they leave alone. */
  writes = 0;
  readonly #prepared = new Map<string, Prepared>();
  readonly #readers = new Map<string, ReturnType<typeof readingValues>>();

  constructor(readonly database: DatabaseSync) {}

  /** Runs a statement; the number of rows it changed. */
  run(sql: string, ...values: Value[]): number {
    return this.#counted(sql).run(...values).changes as number;
  }

  /** Runs a statement that changes no job which is ready to run: `writes` stays as it is. */
  runKeepingReady(sql: string, ...values: Value[]): number {
    return this.#prepare(sql).statement.run(...values).changes as number;
  }

  /** The first row, if there is one. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the row that the SQL yields
  get<T = Row>(sql: string, ...values: Value[]): T | undefined {
    return this.#counted(sql).get(...values) as T | undefined;
  }

  /** All rows. */
  all<T = Row>(sql: string, ...values: Value[]): T[] {
    return this.#counted(sql).all(...values) as T[];
  }

  /**
   * All rows of a statement that writes nothing, each as the values of its columns in their order.
   */
  allValues(sql: string, ...values: Value[]): SQLOutputValue[][] {
    let read = this.#readers.get(sql);
    if (read === undefined) {
      read = readingValues(this.database.prepare(sql));
      this.#readers.set(sql, read);
    }
    return read(...values);
  }

  #counted(sql: string): StatementSync {
    const prepared = this.#prepare(sql);
    if (prepared.writes) this.writes += 1;
    return prepared.statement;
  }

  #prepare(sql: string): Prepared {
    let prepared = this.#prepared.get(sql);
    if (prepared === undefined) {
      prepared = { statement: this.database.prepare(sql), writes: WRITES.test(sql) };
      this.#prepared.set(sql, prepared);
    }
    return prepared;
  }
}
