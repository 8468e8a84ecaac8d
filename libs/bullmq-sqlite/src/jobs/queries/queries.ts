import type { JobState, JobType } from 'bullmq';
import { type QueueRecord, type State, STATES, type Transaction } from '../../store/index.js';
import { findJob } from '../row/job-row.js';
import { DELAY_STEP, frontPriorityRank } from '../row/ranks.js';

const STATE = 'SELECT state FROM job WHERE queue = ? AND id = ?';
const COUNT_BETWEEN = `SELECT count(*) AS count FROM job
  WHERE queue = ? AND state = ? AND rank >= ? AND rank < ?`;
const ANY_OUTSIDE = `SELECT 1 FROM job WHERE queue = ?1 AND state = ?2 AND rank < ?3
  UNION ALL SELECT 1 FROM job WHERE queue = ?1 AND state = ?2 AND rank >= ?4 LIMIT 1`;
const COUNT_SCHEDULERS =
  'SELECT count(*) AS count FROM scheduler WHERE queue = ? AND next_run IS NOT NULL';

/**
 * BullMQ's names for the lists of jobs. `paused` is a list of older versions: it can be asked for,
 * and is always empty.
 */
export const LISTS: ReadonlyMap<string, State | 'empty'> = new Map([
  ...STATES.map((state): [string, State] => [state, state]),
  ['wait', 'waiting'],
  ['paused', 'empty'],
]);

/** Where a job is. */
export function getState(
  transaction: Transaction,
  queueName: string,
  jobId: string,
): JobState | 'unknown' {
  return stateOf(transaction, queueName, jobId) ?? 'unknown';
}

/**
 * How a job ended: 1 completed, 2 failed, 0 not yet, -1 there is no such job.
 *
 * @param withValue - Whether to return a pair: this number, and the result, the reason, or an
 *   explanation.
 */
export function isFinished(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  withValue: boolean,
): number | [number, string] {
  const job = findJob(transaction, transaction.queue(queueName), jobId);
  const answer = (status: number, ...value: (string | null)[]): number | [number, string] =>
    // BullMQ's type says less than Redis answers: the value can be missing or null.
    withValue ? ([status, ...value] as [number, string]) : status;
  if (job === undefined) return answer(-1, `Missing key for job ${queueName}:${jobId}. isFinished`);
  if (job.state === 'completed') return answer(1, job.return_value);
  if (job.state === 'failed') return answer(2, job.failed_reason);
  return answer(0);
}

/**
 * Whether a job is in a list.
 *
 * @throws Error when there is no such list.
 */
export function isInState(
  transaction: Transaction,
  queueName: string,
  state: string,
  jobId: string,
): boolean {
  const list = LISTS.get(state);
  if (list === undefined) throw new Error(`Unknown job state: ${state}`);
  return stateOf(transaction, queueName, jobId) === list;
}

/**
 * How many jobs are in each list; a list that BullMQ doesn't know is empty.
 *
 * @param delayedBefore - Count only the delayed jobs that are due before this time, in ms.
 */
export function getCounts(
  transaction: Transaction,
  queueName: string,
  types: JobType[],
  delayedBefore?: number,
): number[] {
  const queue = transaction.queue(queueName);
  return types.map((type) => {
    if (type === 'repeat') return countSchedulers(transaction, queue);
    const list = LISTS.get(type) ?? 'empty';
    if (list === 'empty') return 0;
    if (list !== 'delayed' || delayedBefore === undefined) return queue.counts[list];
    return countBetween(
      transaction,
      queue,
      list,
      Number.NEGATIVE_INFINITY,
      delayedBefore * DELAY_STEP,
    );
  });
}

/** How many ready jobs have each priority; 0 stands for the jobs without one. */
export function getCountsPerPriority(
  transaction: Transaction,
  queueName: string,
  priorities: number[],
): number[] {
  const queue = transaction.queue(queueName);
  return priorities.map((priority) => {
    if (priority === 0) return queue.counts.waiting;
    const [from, to] = [frontPriorityRank(priority), frontPriorityRank(priority + 1)];
    return countBetween(transaction, queue, 'prioritized', from, to);
  });
}

function stateOf(transaction: Transaction, queueName: string, jobId: string): State | null {
  const { id } = transaction.queue(queueName);
  return transaction.get<{ state: State | null }>(STATE, id, jobId)?.state ?? null;
}

function countSchedulers(transaction: Transaction, queue: QueueRecord): number {
  return transaction.get<{ count: number }>(COUNT_SCHEDULERS, queue.id)?.count ?? 0;
}

/**
 * Counts the ranks from `from` up to, not including, `to`. All of a list is known without counting.
 */
function countBetween(
  transaction: Transaction,
  queue: QueueRecord,
  state: State,
  from: number,
  to: number,
): number {
  const total = queue.counts[state];
  if (total === 0) return 0;
  if (transaction.get(ANY_OUTSIDE, queue.id, state, from, to) === undefined) return total;
  const row = transaction.get<{ count: number }>(COUNT_BETWEEN, queue.id, state, from, to);
  return row?.count ?? 0;
}
