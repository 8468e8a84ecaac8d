import type { QueueRecord, Transaction } from '../store/index.js';

/** Which end of the waiting list: `back` is first in first out, `front` is the next to run. */
export type End = 'front' | 'back';

const PRIORITY_STEP = 2 ** 32;

/** A delayed job's rank is its due time in ms times this, and a counter: order within one millisecond. */
export const DELAY_STEP = 0x1000;

const LAST_AT = `SELECT rank FROM job WHERE queue = ? AND state = 'delayed' AND rank BETWEEN ? AND ?
  ORDER BY rank DESC LIMIT 1`;

/** A place in a list that is ordered by arrival. */
export function positionAt(queue: QueueRecord, end: End): number {
  queue.lastPosition += 1;
  return end === 'back' ? queue.lastPosition : -queue.lastPosition;
}

/** A place behind the jobs of the same priority. */
export function priorityRank(queue: QueueRecord, priority: number): number {
  queue.lastPriority += 1;
  return priority * PRIORITY_STEP + (queue.lastPriority % PRIORITY_STEP);
}

/** A place before the jobs of the same priority. */
export function frontPriorityRank(priority: number): number {
  return priority * PRIORITY_STEP;
}

/** When a delayed job is due, and its place: behind those that are due in the same millisecond. */
export function delayedRank(
  transaction: Transaction,
  queue: QueueRecord,
  timestamp: number,
  delay: number,
): { rank: number; due: number } {
  const due = delay > 0 ? timestamp + delay : timestamp;
  const first = due * DELAY_STEP;
  const last = first + DELAY_STEP - 1;
  const before = transaction.get<{ rank: number }>(LAST_AT, queue.id, first, last)?.rank;
  return { rank: before === undefined ? first : Math.min(before + 1, last), due };
}
