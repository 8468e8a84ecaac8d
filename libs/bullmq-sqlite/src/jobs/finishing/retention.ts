import type { QueueRecord, State, Transaction } from '../../store/index.js';
import { leaveParent } from '../flows/flow-leave.js';
import { findJob } from '../row/job-row.js';

/** What a removal needs to know. */
const COLUMNS = 'seq, id, parent_key';
const TOO_OLD = `SELECT ${COLUMNS} FROM job WHERE queue = ? AND state = ? AND rank <= ?
  ORDER BY rank DESC, id DESC LIMIT +?`;
const OLDEST = `SELECT ${COLUMNS} FROM job WHERE queue = ? AND state = ? ORDER BY rank, id LIMIT +?`;
const OLDEST_TIME = 'SELECT rank FROM job WHERE queue = ? AND state = ? ORDER BY rank LIMIT 1';
const REMOVE = 'DELETE FROM job WHERE seq = ?';

/** One finish removes no more than this, lest it blocks the event loop; the next one goes on. */
const COUNT_LIMIT = 1_000;

/**
 * No job of a queue's list ended before this time, in ms: a finish need not look for older ones.
 */
const oldestEnds = new WeakMap<QueueRecord, Partial<Record<State, number>>>();

/** Removes finished jobs that ended at `oldest` (ms) or before, at most `limit`. */
export function removeByAge(
  transaction: Transaction,
  queue: QueueRecord,
  state: State,
  oldest: number,
  limit: number,
): void {
  let known = oldestEnds.get(queue);
  if (known === undefined) oldestEnds.set(queue, (known = {}));
  if (oldest < (known[state] ?? 0)) return;
  remove(transaction, queue, state, transaction.allValues(TOO_OLD, queue.id, state, oldest, limit));
  known[state] = transaction.get<{ rank: number }>(OLDEST_TIME, queue.id, state)?.rank ?? 0;
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
  remove(transaction, queue, state, transaction.allValues(OLDEST, queue.id, state, surplus));
}

function remove(
  transaction: Transaction,
  queue: QueueRecord,
  state: State,
  jobs: unknown[][],
): void {
  for (const [seq, id, parentKey] of jobs as [number, string, string | null][]) {
    const child = parentKey === null ? undefined : findJob(transaction, queue, id);
    transaction.runKeepingReady(REMOVE, seq);
    if (child !== undefined) {
      leaveParent(transaction, queue, child, false);
    }
  }
  queue.counts[state] -= jobs.length;
}
