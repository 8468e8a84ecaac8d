import type { Transaction } from '../store/index.js';
import type { JobRow } from './job-row.js';

/** The fields that BullMQ updates along with a move, and their columns. */
const COLUMNS: Readonly<Record<string, string>> = {
  failedReason: 'failed_reason',
  stacktrace: 'stacktrace',
  returnvalue: 'return_value',
  progress: 'progress',
  data: 'data',
};

/** Stores more fields of a job; unknown ones are ignored, as nobody could read them. */
export function updateFields(
  transaction: Transaction,
  job: Pick<JobRow, 'seq'>,
  fields: Record<string, unknown>,
): void {
  for (const [field, value] of Object.entries(fields)) {
    const column = COLUMNS[field];
    if (column === undefined || value === undefined) continue;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    transaction.run(`UPDATE job SET ${column} = ? WHERE seq = ?`, text, job.seq);
  }
}
