import { DEFAULT_MAX_EVENTS, type QueueRecord, type Transaction } from '../../store/index.js';

const SET_META = `INSERT INTO queue_meta (queue, field, value) VALUES (?, ?, ?)
  ON CONFLICT (queue, field) DO UPDATE SET value = excluded.value`;
const REMOVE_META = 'DELETE FROM queue_meta WHERE queue = ? AND field = ?';

/** Whether the whole queue is paused. */
export function isPaused(transaction: Transaction, queue: QueueRecord): boolean {
  return queue.meta(transaction.statements).has('paused');
}

/** Whether the queue's global concurrency is used up. */
export function isMaxed(transaction: Transaction, queue: QueueRecord): boolean {
  const concurrency = queue.meta(transaction.statements).get('concurrency');
  return concurrency !== undefined && queue.counts.active >= Number(concurrency);
}

/** Writes one setting of a queue. */
export function setMeta(
  transaction: Transaction,
  queue: QueueRecord,
  field: string,
  value: string,
): void {
  transaction.run(SET_META, queue.id, field, value);
  queue.forgetMeta();
}

/** Removes one setting of a queue. Returns how many there were: 0 or 1. */
export function removeMeta(transaction: Transaction, queue: QueueRecord, field: string): number {
  const removed = transaction.run(REMOVE_META, queue.id, field);
  queue.forgetMeta();
  return removed;
}

/**
 * How many events the queue keeps; BullMQ writes its default into the settings at the first use.
 */
export function maxEventsOf(transaction: Transaction, queue: QueueRecord): number {
  const stored = queue.meta(transaction.statements).get('opts.maxLenEvents');
  if (stored !== undefined) return Number(stored);
  setMeta(transaction, queue, 'opts.maxLenEvents', String(DEFAULT_MAX_EVENTS));
  return DEFAULT_MAX_EVENTS;
}

/** Removes the events that are too many. */
export function trimEvents(transaction: Transaction, queue: QueueRecord): void {
  transaction.trimEvents(queue, maxEventsOf(transaction, queue));
}
