import { type QueueRecord, type State, STATES, type Transaction } from '../../store/index.js';

/**
 * Longer lists are not counted through at each check, which would block everybody for as long as
 * that takes.
 */
const LONGEST_COUNTED = 1_000;

const COUNT = 'SELECT count(*) AS count FROM job WHERE queue = ? AND state = ?';
const COUNT_UP_TO = `SELECT count(*) AS count FROM (SELECT 1 FROM job WHERE queue = ? AND state = ? LIMIT ?)`;

/**
 * Compares the counters of a queue's lists with their rows: another program that removed or moved a
 * row does not know of them, and a list that seems to have a job has nobody look at the next one.
 */
export function recountAll(transaction: Transaction, queue: QueueRecord): void {
  for (const state of STATES) {
    const counted = count(transaction, COUNT_UP_TO, queue, state, LONGEST_COUNTED + 1);
    if (counted <= LONGEST_COUNTED) queue.counts[state] = counted;
    else if (queue.counts[state] <= LONGEST_COUNTED) recount(transaction, queue, state);
  }
}

/** Counts the rows of one list anew. */
export function recount(transaction: Transaction, queue: QueueRecord, state: State): void {
  queue.counts[state] = count(transaction, COUNT, queue, state);
}

function count(
  transaction: Transaction,
  sql: string,
  { id }: QueueRecord,
  state: State,
  ...limit: number[]
): number {
  return transaction.get<{ count: number }>(sql, id, state, ...limit)?.count ?? 0;
}
