/** A statement with `$1`, `$2` … as placeholders. */
export type Query = <Row>(sql: string, ...values: (string | number)[]) => Promise<Row[]>;

/**
 * Where orders are: in the database of the jobs, if that is SQLite or PostgreSQL, so that an order
 * and its job can be stored in one transaction. Beside jobs in Redis it is a database of the shop's
 * own.
 */
export abstract class OrdersDatabase {
  /** Whether the jobs are in it too. */
  abstract readonly holdsJobs: boolean;

  /** Runs one statement. */
  abstract query: Query;

  /**
   * Commits what the work has stored, or takes all of it back when it throws.
   * @param work gets what `withTransaction()` takes, and a way to ask within the transaction
   */
  abstract transaction<R>(work: (client: object, query: Query) => Promise<R>): Promise<R>;
}
