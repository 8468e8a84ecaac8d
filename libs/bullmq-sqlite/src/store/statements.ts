import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

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
 * A number of rows is bound as `LIMIT +?`: SQLite plans a statement anew each time that the value of a bare
 * `LIMIT ?` was bound, which costs more than most statements do.
 */
export class Statements {
  /** How many writes there were that did not say what they leave alone. */
  writes = 0;
  readonly #rows = new Map<string, Prepared>();
  readonly #values = new Map<string, Prepared>();

  constructor(readonly database: DatabaseSync) {}

  /** Runs a statement; the number of rows it changed. */
  run(sql: string, ...values: Value[]): number {
    return this.#counted(this.#rows, sql).run(...values).changes as number;
  }

  /** Runs a statement that changes no job which is ready to run: `writes` stays as it is. */
  runKeepingReady(sql: string, ...values: Value[]): number {
    return this.#prepared(this.#rows, sql).statement.run(...values).changes as number;
  }

  /** The first row, if there is one. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the row that the SQL yields
  get<T = Row>(sql: string, ...values: Value[]): T | undefined {
    return this.#counted(this.#rows, sql).get(...values) as T | undefined;
  }

  /** All rows. */
  all<T = Row>(sql: string, ...values: Value[]): T[] {
    return this.#counted(this.#rows, sql).all(...values) as T[];
  }

  /** All rows, each as the values of its columns in their order: half the cost of objects. */
  allValues(sql: string, ...values: Value[]): SQLOutputValue[][] {
    return this.#counted(this.#values, sql).all(...values) as unknown as SQLOutputValue[][];
  }

  #counted(statements: Map<string, Prepared>, sql: string): StatementSync {
    const prepared = this.#prepared(statements, sql);
    if (prepared.writes) this.writes += 1;
    return prepared.statement;
  }

  #prepared(statements: Map<string, Prepared>, sql: string): Prepared {
    let prepared = statements.get(sql);
    if (prepared === undefined) {
      const statement = this.database.prepare(sql);
      statement.setReturnArrays(statements === this.#values);
      prepared = { statement, writes: WRITES.test(sql) };
      statements.set(sql, prepared);
    }
    return prepared;
  }
}
