import { ErrorCode } from 'bullmq';
import type { QueueRecord, State, Transaction, Value } from '../../store/index.js';
import { deduplicate } from '../deduplication/deduplication.js';
import { addPendingChild, parentExists } from '../flows/flow.js';
import { attachToParent } from '../flows/flow-attach.js';
import { findJob } from '../row/job-row.js';
import type { JobContent, NewJob } from '../row/new-job.js';
import { maxEventsOf, trimEvents } from '../queue/queue-settings.js';
import { delayedRank, positionAt, priorityRank } from '../row/ranks.js';
import { wholeNumber } from '../row/whole-number.js';

const INSERT = `INSERT INTO job (queue, id, name, data, opts, state, rank, timestamp, delay, priority,
  parent_key, parent, scheduler_id, deduplication_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO NOTHING`;

/**
 * Stores a job in the list that its options ask for.
 *
 * An id that is stored already is no error: the call attaches the stored job to the parent, if one
 * is given, and returns the id. A deduplicated job returns the id of the job that stands for it.
 *
 * @returns The job's id, or BullMQ's error code.
 */
export function addJob(
  transaction: Transaction,
  queueName: string,
  entry: NewJob,
  now: number,
): string | ErrorCode {
  const { job, parentKeyOpts = {} } = entry;
  if (job.parentKey !== undefined && !parentExists(transaction, job.parentKey)) {
    return ErrorCode.ParentJobNotExist;
  }
  const queue = transaction.change(queueName);
  maxEventsOf(transaction, queue);
  const id = nextId(transaction, queue, entry.jobId);

  if (job.opts.deduplication?.id !== undefined) {
    if (entry.jobId && findJob(transaction, queue, id) !== undefined) {
      return attachToParent(transaction, queue, id, entry, now);
    }
    const standIn = deduplicate(transaction, queue, id, entry);
    if (standIn !== undefined) return standIn;
  }

  if (!storeJob(transaction, queue, id, entry)) {
    return attachToParent(transaction, queue, id, entry, now);
  }
  if (parentKeyOpts.parentDependenciesKey !== undefined && job.parentKey !== undefined) {
    addPendingChild(transaction, job.parentKey, `${queueName}:${id}`);
  }
  return id;
}

/** Inserts the row and tells so; false when the id is taken. */
export function storeJob(
  transaction: Transaction,
  queue: QueueRecord,
  id: string,
  { job, parentKeyOpts = {} }: NewJob,
): boolean {
  const { opts } = job;
  const place = placeOf(transaction, queue, job, parentKeyOpts.addToWaitingChildren === true);
  const stored = insert(
    transaction,
    place.isBehind,
    queue.id,
    id,
    job.name,
    job.data,
    JSON.stringify(opts),
    place.state,
    place.rank,
    wholeNumber(job.timestamp),
    wholeNumber(opts.delay ?? 0),
    opts.priority ?? 0,
    job.parentKey ?? null,
    job.parent === undefined ? null : JSON.stringify(job.parent),
    job.repeatJobKey ?? null,
    opts.deduplication?.id ?? null,
  );
  if (stored === 0) return false;
  queue.counts[place.state] += 1;
  transaction.emit(queue, 'added', id, { name: job.name });
  trimEvents(transaction, queue);
  transaction.emit(
    queue,
    place.event,
    id,
    place.due === undefined ? undefined : { delay: String(place.due) },
  );
  return true;
}

/** @param keepsReady - whether the job comes behind all that are ready. */
function insert(transaction: Transaction, keepsReady: boolean, ...values: Value[]): number {
  return keepsReady
    ? transaction.runKeepingReady(INSERT, ...values)
    : transaction.run(INSERT, ...values);
}

interface Place {
  state: State;
  rank: number | bigint;
  /** Whether it comes behind all jobs that are ready to run. */
  isBehind: boolean;
  event: string;
  /** When a delayed job is due, in ms. */
  due?: number;
}

function placeOf(
  transaction: Transaction,
  queue: QueueRecord,
  { opts, timestamp }: JobContent,
  waitsForChildren: boolean,
): Place {
  if (waitsForChildren) {
    return {
      state: 'waiting-children',
      rank: wholeNumber(timestamp),
      isBehind: true,
      event: 'waiting-children',
    };
  }
  if (opts.delay !== undefined && opts.delay > 0) {
    const { rank, due } = delayedRank(transaction, queue, timestamp, opts.delay);
    return { state: 'delayed', rank, isBehind: true, event: 'delayed', due };
  }
  if (opts.priority) {
    const rank = priorityRank(queue, opts.priority);
    return { state: 'prioritized', rank, isBehind: false, event: 'waiting' };
  }
  const isBehind = opts.lifo !== true;
  const rank = positionAt(queue, isBehind ? 'back' : 'front');
  return { state: 'waiting', rank, isBehind, event: 'waiting' };
}

/**
 * The counter runs on with every add, as in BullMQ; a number that a caller took as id is passed
 * over.
 */
function nextId(transaction: Transaction, queue: QueueRecord, chosen: string): string {
  queue.lastJobId += 1;
  if (chosen) return chosen;
  while (findJob(transaction, queue, String(queue.lastJobId)) !== undefined) queue.lastJobId += 1;
  return String(queue.lastJobId);
}
