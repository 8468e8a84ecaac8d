import type { Transaction } from '../../store/index.js';
import { removeMeta, setMeta } from './queue-settings.js';
import { rateLimitDelay, remainingWindow } from './rate-limit.js';
import { wholeNumber } from '../row/whole-number.js';

/** What Redis answers for the time to live of a key that is not there. */
const NO_KEY = -2;

/** Writes settings of a queue. Returns how many of them are new. */
export function setQueueMeta(
  transaction: Transaction,
  queueName: string,
  values: Record<string, string | number>,
): number {
  const queue = transaction.change(queueName);
  let added = 0;
  for (const [field, value] of Object.entries(values)) {
    if (!queue.meta(transaction.statements).has(field)) added += 1;
    setMeta(transaction, queue, field, String(value));
  }
  return added;
}

/** Removes settings of a queue. Returns how many there were. */
export function removeQueueMeta(
  transaction: Transaction,
  queueName: string,
  fields: string[],
): number {
  const queue = transaction.change(queueName);
  let removed = 0;
  for (const field of fields) removed += removeMeta(transaction, queue, field);
  return removed;
}

/** All settings of a queue. */
export function getQueueMeta(transaction: Transaction, queueName: string): Record<string, string> {
  return Object.fromEntries(transaction.queue(queueName).meta(transaction.statements));
}

/** Stops the queue from handing out jobs for some time, in ms. */
export function setRateLimit(
  transaction: Transaction,
  queueName: string,
  milliseconds: number,
): void {
  const queue = transaction.change(queueName);
  queue.limiterCount = Number.MAX_SAFE_INTEGER;
  queue.limiterUntil = transaction.steadyNow() + wholeNumber(milliseconds);
}

/** Ends the limiter's window. Returns how many there were: 0 or 1. */
export function removeRateLimit(transaction: Transaction, queueName: string): number {
  const queue = transaction.change(queueName);
  const removed = remainingWindow(queue, transaction.steadyNow()) > 0 ? 1 : 0;
  queue.limiterCount = 0;
  queue.limiterUntil = 0;
  return removed;
}

/**
 * How long the queue must not hand out jobs, in ms: by `maxJobs` (0 is none), else by the queue's
 * own `max`; without either the rest of the window, or -2 when there is none.
 */
export function getRateLimitTtl(
  transaction: Transaction,
  queueName: string,
  maxJobs: number | undefined,
): number {
  const queue = transaction.queue(queueName);
  const now = transaction.steadyNow();
  const max = queue.meta(transaction.statements).get('max');
  const limit = maxJobs || (max === undefined ? undefined : Number(max));
  if (limit !== undefined) return rateLimitDelay(queue, limit, now);
  return remainingWindow(queue, now) || NO_KEY;
}
