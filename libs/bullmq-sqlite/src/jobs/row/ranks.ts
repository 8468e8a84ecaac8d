import type { QueueRecord, Transaction } from '../../store/index.js';

/** Which end of the waiting list: `back` is first in first out, `front` is the next to run. */
export type End = 'front' | 'back';

const PRIORITY_STEP = 2 ** 32;

/** Higher priorities share one place: SQLite's integers end there. */
const HIGHEST_PRIORITY = 2 ** 31 - 1;

/**
 * A delayed job's rank is its due time in ms times this, and a counter: order within one
 * millisecond.
 */
export const DELAY_STEP = 0x1000;

/** Jobs that are due later share one place: SQLite's integers end there, in 71,000 years. */
const LATEST_DUE = 2 ** 51 - 1;

const LAST_COUNTER = DELAY_STEP - 1;
const COUNTER = `SELECT rank % ${DELAY_STEP} AS counter FROM job
  WHERE queue = ? AND state = 'delayed' AND rank BETWEEN ? AND ? ORDER BY rank DESC LIMIT 1`;

/** A place in a list that is ordered by arrival. */
export function positionAt(queue: QueueRecord, end: End): number {
  queue.lastPosition += 1;
  return end === 'back' ? queue.lastPosition : -queue.lastPosition;
}

/** A place behind the jobs of the same priority. */
export function priorityRank(queue: QueueRecord, priority: number): number {
  queue.lastPriority += 1;
  return frontPriorityRank(priority) + (queue.lastPriority % PRIORITY_STEP);
}

/** A place before the jobs of the same priority. */
export function frontPriorityRank(priority: number): number {
  return Math.min(priority, HIGHEST_PRIORITY) * PRIORITY_STEP;
}

/**
 * When a delayed job is due, and its place: behind those that are due in the same millisecond. The
 * place is a bigint, as it is more than a JavaScript number holds for a job that is due after the
 * year 2039.
 */
export function delayedRank(
  transaction: Transaction,
  queue: QueueRecord,
  timestamp: number,
  delay: number,
): { rank: bigint; due: number } {
  const due = delay > 0 ? timestamp + delay : timestamp;
  const slot = Math.max(0, Math.min(Math.floor(due), LATEST_DUE));
  const first = BigInt(slot) * BigInt(DELAY_STEP);
  const last = first + BigInt(LAST_COUNTER);
  const newest = transaction.get<{ counter: number }>(COUNTER, queue.id, first, last)?.counter;
  const counter = newest === undefined ? 0 : Math.min(newest + 1, LAST_COUNTER);
  return { rank: first + BigInt(counter), due };
}
