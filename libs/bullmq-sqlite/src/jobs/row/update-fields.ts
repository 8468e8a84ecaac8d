import type { Transaction, Value } from '../../store/index.js';
import type { JobRow } from './job-row.js';

/** The fields that BullMQ updates along with a move, and their columns. */
const COLUMNS: ReadonlyMap<string, string> = new Map([
  ['failedReason', 'failed_reason'],
  ['stacktrace', 'stacktrace'],
  ['returnvalue', 'return_value'],
  ['progress', 'progress'],
  ['data', 'data'],
]);

/** Stores more fields of a job; unknown ones are ignored, as nobody could read them. */
export function updateFields(
  transaction: Transaction,
  job: Pick<JobRow, 'seq'>,
  fields: Record<string, unknown>,
): void {
  const assignments: string[] = [];
  const values: Value[] = [];
  for (const [field, value] of Object.entries(fields)) {
    const column = COLUMNS.get(field);
    if (column === undefined || value === undefined) continue;
    assignments.push(`${column} = ?`);
    values.push(typeof value === 'string' ? value : JSON.stringify(value));
  }
  if (assignments.length === 0) return;
  transaction.run(`UPDATE job SET ${assignments.join(', ')} WHERE seq = ?`, ...values, job.seq);
}
