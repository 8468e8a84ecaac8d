import type { Transaction } from '../../store/index.js';
import { SWEEP_ROWS, type SweepStep } from './sweep-step.js';

const REMOVE = `DELETE FROM job WHERE seq IN (
  SELECT seq FROM job WHERE queue = ? AND state IS NULL LIMIT ?) RETURNING id`;

/**
 * Removes jobs that are stored, but in no list.
 *
 * @param limit - How many may go; Infinity for all. The step's `next` is what remains of it.
 */
export function removeOrphansStep(
  transaction: Transaction,
  queueName: string,
  limit: number,
): SweepStep<number> {
  const queue = transaction.queue(queueName);
  const rows = transaction.all<{ id: string }>(REMOVE, queue.id, Math.min(limit, SWEEP_ROWS));
  const removed = rows.map(({ id }) => id);
  const left = limit - removed.length;
  return { removed, next: left > 0 && removed.length === SWEEP_ROWS ? left : undefined };
}
