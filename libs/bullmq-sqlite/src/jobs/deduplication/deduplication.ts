import type { DeduplicationOptions } from 'bullmq';
import type { QueueRecord, State, Transaction } from '../../store/index.js';
import {
  type DeduplicationHolder,
  expiryOf,
  findHolder,
  forgetNextJob,
  holdId,
  keepNextJob,
} from './deduplication-holder.js';
import { countMove } from '../row/job-lists.js';
import type { NewJob } from '../row/new-job.js';
import { trimEvents } from '../queue/queue-settings.js';
import { delayedRank } from '../row/ranks.js';
import { wholeNumber } from '../row/whole-number.js';

/** A job that is about to be added with a deduplication id. */
interface Incoming {
  /** The id that it gets if it is added. */
  jobId: string;
  entry: NewJob;
  options: DeduplicationOptions;
  /** By the file's steady clock, as ids expire. */
  now: number;
}

const FIND_STATE = 'SELECT state FROM job WHERE queue = ? AND id = ?';
const REMOVE_JOB = 'DELETE FROM job WHERE queue = ? AND id = ?';
const RESCHEDULE =
  'UPDATE job SET delay = ?, rank = ?, pauses_until = NULL WHERE queue = ? AND id = ?';

/**
 * Decides whether a job with a deduplication id is added.
 *
 * @param jobId - The id that it gets if it is.
 * @returns The id of the job that stands for it; undefined when it is to be added and holds the id
 *   now.
 */
export function deduplicate(
  transaction: Transaction,
  queue: QueueRecord,
  jobId: string,
  entry: NewJob,
): string | undefined {
  const given = entry.job.opts.deduplication;
  if (given === undefined) return undefined;
  const now = transaction.steadyNow();
  // The parent of a flow never changes another job.
  const isParent = entry.parentKeyOpts?.addToWaitingChildren === true;
  const options = isParent ? { ...given, replace: false, reschedule: false } : given;
  const incoming = { jobId, entry, options, now };
  const holder = findHolder(transaction, queue, options.id, now);
  if (holder === undefined) {
    holdId(transaction, queue, options.id, { jobId, expiresAt: expiryOf(options, now) }, now);
    return undefined;
  }
  const state = stateOf(transaction, queue, holder.jobId);
  if (options.replace === true && state === 'delayed') {
    replaceJob(transaction, queue, holder, incoming);
    return undefined;
  }
  if (state === undefined && holder.expiresAt === null) {
    takeOver(transaction, queue, incoming);
    return undefined;
  }
  standFor(transaction, queue, holder.jobId, state, incoming);
  return holder.jobId;
}

/** The state of a stored job; undefined when there is none. */
function stateOf(
  transaction: Transaction,
  queue: QueueRecord,
  jobId: string,
): State | null | undefined {
  return transaction.get<{ state: State | null }>(FIND_STATE, queue.id, jobId)?.state;
}

/** Puts the incoming job in the place of a delayed one. */
function replaceJob(
  transaction: Transaction,
  queue: QueueRecord,
  holder: DeduplicationHolder,
  { jobId, options, now }: Incoming,
): void {
  transaction.runKeepingReady(REMOVE_JOB, queue.id, holder.jobId);
  countMove(queue, 'delayed', null);
  transaction.emit(queue, 'removed', holder.jobId, { prev: 'delayed' });
  tellDeduplicated(transaction, queue, jobId, options.id, holder.jobId);
  forgetNextJob(transaction, queue, options.id);
  const expiry = expiryOf(options, now);
  const expiresAt = expiry === null || options.extend === true ? expiry : holder.expiresAt;
  holdId(transaction, queue, options.id, { jobId, expiresAt }, now);
}

/**
 * The job that holds the id is gone and cannot free it any more: the incoming one takes its place.
 */
function takeOver(
  transaction: Transaction,
  queue: QueueRecord,
  { jobId, options, now }: Incoming,
): void {
  forgetNextJob(transaction, queue, options.id);
  holdId(transaction, queue, options.id, { jobId, expiresAt: expiryOf(options, now) }, now);
}

/**
 * What becomes of the incoming job, and of the one that holds the id, when the former is not added.
 */
function standFor(
  transaction: Transaction,
  queue: QueueRecord,
  holderId: string,
  state: State | null | undefined,
  { jobId, entry, options, now }: Incoming,
): void {
  if (options.keepLastIfActive === true && state === 'active') {
    keepNextJob(transaction, queue, options.id, { ...entry, jobId });
    tellDeduplicated(transaction, queue, holderId, options.id, jobId);
    return;
  }
  if (options.replace === true) return;
  if (options.extend === true && options.ttl !== undefined && options.ttl > 0) {
    const expiresAt = expiryOf(options, now);
    holdId(transaction, queue, options.id, { jobId: holderId, expiresAt }, now);
  }
  tellDeduplicated(transaction, queue, holderId, options.id, jobId);
  if (options.reschedule === true && state === 'delayed') {
    reschedule(transaction, queue, holderId, entry);
  }
}

/** Gives a delayed job the incoming one's delay. */
function reschedule(
  transaction: Transaction,
  queue: QueueRecord,
  jobId: string,
  { job }: NewJob,
): void {
  const delay = job.opts.delay ?? 0;
  const { rank, due } = delayedRank(transaction, queue, job.timestamp, delay);
  transaction.runKeepingReady(RESCHEDULE, wholeNumber(delay), rank, queue.id, jobId);
  trimEvents(transaction, queue);
  transaction.emit(queue, 'delayed', jobId, { delay: String(due) });
}

function tellDeduplicated(
  transaction: Transaction,
  queue: QueueRecord,
  jobId: string,
  deduplicationId: string,
  deduplicatedJobId: string,
): void {
  trimEvents(transaction, queue);
  transaction.emit(queue, 'deduplicated', jobId, { deduplicationId, deduplicatedJobId });
}
