import type { QueueRecord, State, Transaction } from '../../store/index.js';
import { isLocked } from '../row/lock.js';
import { isNextRun } from '../row/scheduled-job.js';
import {
  discard,
  jobsDownwards,
  jobsUpwards,
  type Place,
  SWEEP_ROWS,
  type SweepStep,
  type SweptJob,
} from './sweep-step.js';

/** Which jobs to remove. */
export interface Cleaning {
  /** A list, in the words of BullMQ's `cleanJobsByState`; one that it doesn't know is empty. */
  state: string;
  /** Only jobs that were last touched at this time (ms) or before. */
  timestamp: number;
  /** How many jobs to look at, the oldest first; 0 for all. */
  limit: number;
}

/** How far a cleaning has come. */
export interface CleanProgress {
  from: Place | undefined;
  /** How many jobs may still be looked at. */
  left: number;
  removed: number;
}

const STATES: Readonly<Partial<Record<string, State>>> = {
  wait: 'waiting',
  active: 'active',
  delayed: 'delayed',
  prioritized: 'prioritized',
  'waiting-children': 'waiting-children',
  completed: 'completed',
  failed: 'failed',
};

const OLDEST_AFTER = `SELECT CAST(rank AS TEXT) AS place, id FROM job WHERE queue = ? AND state = ?
  ORDER BY rank, id LIMIT 1 OFFSET ?`;

/**
 * Removes old jobs of one list: not those that are locked, nor the next run of a scheduler. Its
 * last step tells of all of them.
 *
 * @param progress - What the step before returned as `next`; undefined for the first step.
 */
export function cleanStep(
  transaction: Transaction,
  queueName: string,
  cleaning: Cleaning,
  progress?: CleanProgress,
): SweepStep<CleanProgress> {
  const queue = transaction.change(queueName);
  const state = STATES[cleaning.state];
  const before = progress ?? begin(transaction, queue, state, cleaning.limit);
  const examined = Math.min(before.left, SWEEP_ROWS);
  const jobs = readJobs(transaction, queue, state, cleaning, before.from, examined);
  const removed: string[] = [];
  for (const job of jobs) {
    if (stays(transaction, queue, job, cleaning)) continue;
    discard(transaction, queue, job);
    removed.push(job.id);
  }
  const left = before.left - jobs.length;
  const total = before.removed + removed.length;
  if (left > 0 && jobs.length === examined) {
    return { removed, next: { from: jobs.at(-1), left, removed: total } };
  }
  transaction.emit(queue, 'cleaned', null, { count: String(total) });
  return { removed };
}

/** The waiting and the active list are gone through from the newest job on, as BullMQ does. */
function isNewestFirst(state: State): boolean {
  return state === 'waiting' || state === 'active';
}

function begin(
  transaction: Transaction,
  queue: QueueRecord,
  state: State | undefined,
  limit: number,
): CleanProgress {
  const left = limit > 0 ? limit : Number.POSITIVE_INFINITY;
  const progress = { from: undefined, left, removed: 0 };
  if (!Number.isFinite(left) || state === undefined || !isNewestFirst(state)) return progress;
  const from = transaction.get<Place>(OLDEST_AFTER, queue.id, state, limit);
  return { ...progress, from };
}

function readJobs(
  transaction: Transaction,
  queue: QueueRecord,
  state: State | undefined,
  { timestamp }: Cleaning,
  from: Place | undefined,
  limit: number,
): SweptJob[] {
  switch (state) {
    case undefined:
      return [];
    case 'waiting':
    case 'active':
      return jobsDownwards(transaction, queue, state, from, limit);
    case 'delayed':
    case 'prioritized':
      return jobsUpwards(transaction, queue, state, from, limit);
    default:
      // These are ordered by the time that counts here.
      return jobsUpwards(transaction, queue, state, from, limit, timestamp);
  }
}

function stays(
  transaction: Transaction,
  queue: QueueRecord,
  job: SweptJob,
  { timestamp }: Cleaning,
): boolean {
  if (job.state === 'active' && isLocked(job, transaction.steadyNow())) return true;
  const touched = lastTouched(job);
  return touched > timestamp || (mayBeScheduled(job) && isNextRun(transaction, queue, job));
}

function mayBeScheduled({ state }: SweptJob): boolean {
  return state !== 'completed' && state !== 'failed' && state !== 'waiting-children';
}

/** The time that a job's age counts from, in ms. */
function lastTouched(job: SweptJob): number {
  const { timestamp, processed_on: processed, finished_on: finished } = job;
  switch (job.state) {
    case 'waiting':
    case 'active':
      return finished ?? processed ?? timestamp;
    case 'delayed':
      return processed ?? timestamp;
    case 'prioritized':
      return timestamp;
    default:
      return Number.NEGATIVE_INFINITY;
  }
}
