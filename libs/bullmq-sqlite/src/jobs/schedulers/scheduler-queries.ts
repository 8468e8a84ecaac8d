import type { Transaction } from '../../store/index.js';
import { spanOf } from '../queries/ranges.js';
import { findScheduler, type SchedulerFields } from './scheduler-record.js';

interface SchedulerPlace {
  id: string;
  next_run: number;
}

const COUNT = 'SELECT count(*) AS count FROM scheduler WHERE queue = ?';
const UPWARDS = `SELECT id, next_run FROM scheduler WHERE queue = ?
  ORDER BY next_run, id LIMIT +? OFFSET +?`;
const DOWNWARDS = `SELECT id, next_run FROM scheduler WHERE queue = ?
  ORDER BY next_run DESC, id DESC LIMIT +? OFFSET +?`;

/**
 * A scheduler as names and values in turn, and when its next job runs, in ms; empty when there is
 * none.
 */
export function getScheduler(
  transaction: Transaction,
  queueName: string,
  id: string,
): [fields: string[], nextMillis: string] | [] {
  const scheduler = findScheduler(transaction, transaction.queue(queueName), id);
  if (scheduler === undefined) return [];
  return [Object.entries(scheduler.fields).flat(), String(scheduler.nextRun)];
}

/** The fields of a scheduler; none when there is no such scheduler. */
export function getSchedulerFields(
  transaction: Transaction,
  queueName: string,
  id: string,
): SchedulerFields {
  return findScheduler(transaction, transaction.queue(queueName), id)?.fields ?? {};
}

/**
 * The schedulers at the positions `start` to `end` by their next run: each as its id and that time,
 * in ms. Negative positions count from the end.
 *
 * @param asc - Whether the earliest comes first.
 */
export function getSchedulersRange(
  transaction: Transaction,
  queueName: string,
  start: number,
  end: number,
  asc: boolean,
): string[] {
  const span = spanOf(start, end, countSchedulers(transaction, queueName));
  if (span === undefined) return [];
  const length = span.last - span.first + 1;
  return transaction
    .all<SchedulerPlace>(
      asc ? UPWARDS : DOWNWARDS,
      transaction.queue(queueName).id,
      length,
      span.first,
    )
    .flatMap(({ id, next_run: nextRun }) => [id, String(nextRun)]);
}

/** How many schedulers a queue has. */
export function countSchedulers(transaction: Transaction, queueName: string): number {
  const { id } = transaction.queue(queueName);
  return transaction.get<{ count: number }>(COUNT, id)?.count ?? 0;
}
