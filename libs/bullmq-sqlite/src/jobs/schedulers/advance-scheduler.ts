import type { QueueRecord, Transaction } from '../../store/index.js';
import { maxEventsOf, trimEvents } from '../queue/queue-settings.js';
import { findScheduler, saveScheduler, type StoredScheduler } from './scheduler-record.js';
import { addRun, isStored, runId, type RunOptions } from './scheduler-runs.js';
import { nextSlot } from './scheduler-slots.js';

/** The next run that a scheduler's job asks for when it starts. */
export interface NextRun {
  id: string;
  /** When it is by the scheduler's pattern, in ms; an interval is counted here. */
  nextMillis: number;
  jobOpts: RunOptions;
  /** The job that asks. */
  producerId?: string | undefined;
  now: number;
}

const REMOVE_DELAYED = `DELETE FROM job WHERE queue = ? AND id = ? AND state = 'delayed'`;
const REMOVE = 'DELETE FROM scheduler WHERE queue = ? AND id = ?';

/**
 * Adds the next job of a scheduler, as its current one asks for when it starts. Who asks too late
 * (the schedule was changed, or another job has asked) gets none.
 *
 * @returns The id of the next job, or null.
 */
export function advanceScheduler(
  transaction: Transaction,
  queueName: string,
  { id, nextMillis, jobOpts, producerId, now }: NextRun,
): string | null {
  const scheduler = findScheduler(transaction, transaction.queue(queueName), id);
  if (scheduler === undefined || producerId !== runId(id, scheduler.nextRun)) return null;
  const queue = transaction.change(queueName);
  maxEventsOf(transaction, queue);
  const { name = id, data = '{}', ic = '0' } = scheduler.fields;
  const nextRun = runAfter(scheduler, jobOpts, now) ?? nextMillis;
  if (isStored(transaction, queue, runId(id, nextRun))) {
    trimEvents(transaction, queue);
    transaction.emit(queue, 'duplicated', runId(id, nextRun));
    return null;
  }
  const fields = { ...scheduler.fields, ic: String(Number(ic) + 1) };
  saveScheduler(transaction, queue, { id, nextRun, fields });
  const content = { name, data, opts: jobOpts };
  return addRun(transaction, queue, { id, nextRun }, content, now)[0];
}

/** When the next job runs by the interval; undefined when the schedule goes by a pattern. */
function runAfter(
  { nextRun, fields }: StoredScheduler,
  { repeat }: RunOptions,
  now: number,
): number | undefined {
  const every = Number(fields['every'] ?? repeat?.every);
  if (!every) return undefined;
  const offset = Number(fields['offset'] ?? repeat?.offset ?? 0);
  return nextSlot({ every, offset }, nextRun, now).nextMillis;
}

/**
 * Removes a scheduler and its next job, unless that is ready to run. Returns 0, or 1 when there is
 * none.
 */
export function removeScheduler(transaction: Transaction, queueName: string, id: string): 0 | 1 {
  const scheduler = findScheduler(transaction, transaction.queue(queueName), id);
  if (scheduler === undefined) return 1;
  const queue = transaction.change(queueName);
  removeDelayedRun(transaction, queue, runId(id, scheduler.nextRun));
  transaction.runKeepingReady(REMOVE, queue.id, id);
  return 0;
}

function removeDelayedRun(transaction: Transaction, queue: QueueRecord, jobId: string): void {
  if (transaction.runKeepingReady(REMOVE_DELAYED, queue.id, jobId) === 0) return;
  queue.counts.delayed -= 1;
  transaction.emit(queue, 'removed', jobId, { prev: 'delayed' });
}
