import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

/** A value that a column of our tables can hold. */
export type Value = SQLInputValue;

/** One row, by column name. */
export type Row = Record<string, string | number | null>;

/** Prepares each statement once per connection, and finds it again by its text. */
export class Statements {
  readonly #prepared = new Map<string, StatementSync>();

  constructor(readonly database: DatabaseSync) {}

  /** Runs a statement; the number of rows it changed. */
  run(sql: string, ...values: Value[]): number {
    return this.#of(sql).run(...values).changes as number;
  }

  /** The first row, if there is one. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the row that the SQL yields
  get<T = Row>(sql: string, ...values: Value[]): T | undefined {
    return this.#of(sql).get(...values) as T | undefined;
  }

  /** All rows. */
  all<T = Row>(sql: string, ...values: Value[]): T[] {
    return this.#of(sql).all(...values) as T[];
  }

  #of(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}
