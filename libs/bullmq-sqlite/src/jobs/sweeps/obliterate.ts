import type { QueueRecord, State, Transaction } from '../../store/index.js';
import { discard, jobsDownwards, jobsUpwards } from './sweep-step.js';

/** What one piece of an obliteration did. */
export interface ObliterateStep {
  /** 0: nothing is left, 1: not yet, -1: the queue is not paused, -2: there are active jobs. */
  code: 0 | 1 | -1 | -2;
  /** How many jobs and schedulers it removed. */
  used: number;
}

const REMOVE_SCHEDULERS = `DELETE FROM scheduler WHERE queue = ? AND id IN (
  SELECT id FROM scheduler WHERE queue = ? ORDER BY next_run, id LIMIT ?)`;
const REMOVE_EVENTS = 'DELETE FROM event WHERE queue = ? AND last_id < ?';
const REMOVE_META = 'DELETE FROM queue_meta WHERE queue = ?';
const REMOVE_METRICS = 'DELETE FROM metric WHERE queue = ?';
const REMOVE_METRIC_POINTS = 'DELETE FROM metric_point WHERE queue = ?';

/** How many events one step removes: about 2 ms. */
const EVENTS_STEP = 4_000;

/** In the order in which BullMQ removes them. Jobs that wait for children in other queues stay. */
const PARTS = [
  'active',
  'delayed',
  'schedulers',
  'completed',
  'waiting',
  'prioritized',
  'failed',
] as const;

/**
 * Removes up to `count` jobs and schedulers of a paused queue, and when none is left its settings,
 * events, metrics and counters, too.
 *
 * @param force - Whether active jobs may go, too.
 */
export function obliterateStep(
  transaction: Transaction,
  queueName: string,
  count: number,
  force: boolean,
): ObliterateStep {
  const known = transaction.queue(queueName);
  if (!known.meta(transaction.statements).has('paused')) return { code: -1, used: 0 };
  if (known.counts.active > 0 && !force) return { code: -2, used: 0 };

  const queue = transaction.change(queueName);
  let rest = count;
  for (const part of PARTS) {
    rest -=
      part === 'schedulers'
        ? transaction.run(REMOVE_SCHEDULERS, queue.id, queue.id, rest)
        : removeJobs(transaction, queue, part, rest);
    if (rest <= 0) return { code: 1, used: count };
  }
  return { code: removeTraces(transaction, queue) ? 0 : 1, used: count - rest };
}

function removeJobs(
  transaction: Transaction,
  queue: QueueRecord,
  state: State,
  limit: number,
): number {
  if (queue.counts[state] === 0) return 0;
  const read = state === 'active' || state === 'waiting' ? jobsDownwards : jobsUpwards;
  const jobs = read(transaction, queue, state, undefined, limit);
  for (const job of jobs) discard(transaction, queue, job);
  return jobs.length;
}

/**
 * Removes what is not a job; false when events are left for another step. The numbers of events and
 * the rate limit go on: a listener's place in the stream must stay behind the events to come.
 */
function removeTraces(transaction: Transaction, queue: QueueRecord): boolean {
  const { lastEvent } = queue;
  const isMore = lastEvent - queue.firstEvent >= EVENTS_STEP;
  queue.firstEvent = isMore ? queue.firstEvent + EVENTS_STEP : lastEvent + 1;
  transaction.run(REMOVE_EVENTS, queue.id, queue.firstEvent);
  if (isMore) return false;

  transaction.run(REMOVE_META, queue.id);
  transaction.run(REMOVE_METRICS, queue.id);
  transaction.run(REMOVE_METRIC_POINTS, queue.id);
  queue.forgetMeta();
  queue.lastJobId = 0;
  queue.lastPriority = 0;
  queue.stalledCheckUntil = 0;
  return true;
}
