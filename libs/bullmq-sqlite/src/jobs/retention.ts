import type { QueueRecord, State, Transaction } from '../store/index.js';
import { childRemoved } from './flow.js';
import { JOB_COLUMNS, type JobRow } from './job-row.js';

const TOO_OLD = `SELECT ${JOB_COLUMNS} FROM job WHERE queue = ? AND state = ? AND rank <= ?
  ORDER BY rank DESC, id DESC LIMIT ?`;
const OLDEST = `SELECT ${JOB_COLUMNS} FROM job WHERE queue = ? AND state = ? ORDER BY rank, id LIMIT ?`;
const REMOVE = 'DELETE FROM job WHERE seq = ?';

/** One finish removes no more than this, lest it blocks the event loop; the next one goes on. */
const COUNT_LIMIT = 1_000;

/** Removes finished jobs that ended at `oldest` (ms) or before, at most `limit`. */
export function removeByAge(
  transaction: Transaction,
  queue: QueueRecord,
  state: State,
  oldest: number,
  limit: number,
): void {
  remove(transaction, queue, state, transaction.all(TOO_OLD, queue.id, state, oldest, limit));
}

/** Keeps the newest `count` jobs of a state. */
export function removeByCount(
  transaction: Transaction,
  queue: QueueRecord,
  state: State,
  count: number,
): void {
  const surplus = Math.min(queue.counts[state] - count, COUNT_LIMIT);
  if (surplus <= 0) return;
  remove(transaction, queue, state, transaction.all(OLDEST, queue.id, state, surplus));
}

function remove(transaction: Transaction, queue: QueueRecord, state: State, jobs: JobRow[]): void {
  for (const job of jobs) {
    transaction.run(REMOVE, job.seq);
    if (job.parent_key !== null) {
      childRemoved(transaction, job, `${queue.name}:${job.id}`, Date.now());
    }
  }
  queue.counts[state] -= jobs.length;
}
