import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite';

/**
 * Whether a transaction is open on a connection. Node tells it from 22.16 on; before that, SQLite
 * does by refusing to begin another one.
 */
export function isInTransaction(database: DatabaseSync): boolean {
  const isKnown = database.isTransaction as boolean | undefined;
  if (isKnown !== undefined) return isKnown;
  try {
    database.exec('BEGIN');
  } catch {
    return true;
  }
  database.exec('ROLLBACK');
  return false;
}

/**
 * Lets a statement read rows as the values of their columns, in their order: half the cost of
 * objects.
 *
 * @returns what reads them; before Node 22.16 each row is an object first
 */
export function readingValues(
  statement: StatementSync,
): (...values: SQLInputValue[]) => SQLOutputValue[][] {
  if ('setReturnArrays' in statement) {
    statement.setReturnArrays(true);
    return (...values) => statement.all(...values) as unknown as SQLOutputValue[][];
  }
  const older = statement as StatementSync;
  // No column of a statement that is read so has the name of another one.
  return (...values) => older.all(...values).map((row) => Object.values(row));
}
