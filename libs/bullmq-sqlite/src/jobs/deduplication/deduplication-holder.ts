import type { DeduplicationOptions } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';
import type { NewJob } from '../row/new-job.js';
import { wholeNumber } from '../row/whole-number.js';

/** Who holds a deduplication id. */
export interface DeduplicationHolder {
  jobId: string;
  /** Until when, in ms by the file's steady clock; null for as long as the job is not finished. */
  expiresAt: number | null;
}

const FIND = `SELECT job_id AS jobId, expires_at AS expiresAt FROM deduplication
  WHERE queue = ? AND id = ? AND job_id IS NOT NULL AND (expires_at IS NULL OR expires_at >= ?)`;
const HOLD = `INSERT INTO deduplication (queue, id, job_id, expires_at) VALUES (?, ?, ?, ?)
  ON CONFLICT (queue, id) DO UPDATE SET job_id = excluded.job_id, expires_at = excluded.expires_at`;
const FORGET_EXPIRED = `DELETE FROM deduplication WHERE queue = ? AND id IN (
  SELECT id FROM deduplication WHERE queue = ? AND expires_at < ? AND next IS NULL LIMIT 2)`;
const REMOVE = 'DELETE FROM deduplication WHERE queue = ? AND id = ? AND next IS NULL';
const VACATE =
  'UPDATE deduplication SET job_id = NULL, expires_at = NULL WHERE queue = ? AND id = ?';
const KEEP_NEXT = 'UPDATE deduplication SET next = ?, expires_at = NULL WHERE queue = ? AND id = ?';
const FORGET_NEXT = 'UPDATE deduplication SET next = NULL WHERE queue = ? AND id = ?';

/** When an id that is taken now expires, in ms; null for not before the end of its job. */
export function expiryOf(
  { ttl, keepLastIfActive }: DeduplicationOptions,
  now: number,
): number | null {
  return keepLastIfActive !== true && ttl !== undefined && ttl > 0 ? now + wholeNumber(ttl) : null;
}

/** Who holds an id now, if anybody does. */
export function findHolder(
  transaction: Transaction,
  queue: QueueRecord,
  id: string,
  now: number,
): DeduplicationHolder | undefined {
  return transaction.get<DeduplicationHolder>(FIND, queue.id, id, now);
}

/**
 * Gives an id to a job. Ids that expire leave rows behind: each call with an expiry removes up to
 * two that are older than `now`, so that they can't pile up.
 */
export function holdId(
  transaction: Transaction,
  queue: QueueRecord,
  id: string,
  { jobId, expiresAt }: DeduplicationHolder,
  now: number,
): void {
  transaction.runKeepingReady(HOLD, queue.id, id, jobId, expiresAt);
  if (expiresAt !== null) transaction.runKeepingReady(FORGET_EXPIRED, queue.id, queue.id, now);
}

/**
 * Keeps a job to be added when the one that holds the id has finished: the id does not expire until
 * then.
 */
export function keepNextJob(
  transaction: Transaction,
  queue: QueueRecord,
  id: string,
  next: NewJob,
): void {
  transaction.runKeepingReady(KEEP_NEXT, JSON.stringify(next), queue.id, id);
}

/** Drops the job that was kept to be added next. */
export function forgetNextJob(transaction: Transaction, queue: QueueRecord, id: string): void {
  transaction.runKeepingReady(FORGET_NEXT, queue.id, id);
}

/** Frees an id; what was kept to be added next stays. */
export function freeId(transaction: Transaction, queue: QueueRecord, id: string): void {
  const removed = transaction.runKeepingReady(REMOVE, queue.id, id);
  if (removed === 0) transaction.runKeepingReady(VACATE, queue.id, id);
}

/**
 * Frees an id at a caller's wish.
 *
 * @param jobId - Frees it only when this job holds it; without it, whoever does.
 * @returns 1 when it was held, else 0.
 */
export function releaseDeduplicationId(
  transaction: Transaction,
  queueName: string,
  id: string,
  jobId?: string,
): 0 | 1 {
  const queue = transaction.queue(queueName);
  const holder = findHolder(transaction, queue, id, transaction.steadyNow());
  if (holder === undefined || (jobId !== undefined && holder.jobId !== jobId)) return 0;
  freeId(transaction, queue, id);
  return 1;
}

/**
 * Gives an id to a job for as long as that is not finished, unless somebody holds it. @returns who
 * holds it now
 */
export function holdFreeId(
  transaction: Transaction,
  queueName: string,
  id: string,
  jobId: string,
): string {
  const queue = transaction.queue(queueName);
  const now = transaction.steadyNow();
  const holder = findHolder(transaction, queue, id, now);
  if (holder === undefined) holdId(transaction, queue, id, { jobId, expiresAt: null }, now);
  return holder?.jobId ?? jobId;
}

/** The id of the job that holds a deduplication id now, or null. */
export function deduplicationJobId(
  transaction: Transaction,
  queueName: string,
  id: string,
): string | null {
  const queue = transaction.queue(queueName);
  return findHolder(transaction, queue, id, transaction.steadyNow())?.jobId ?? null;
}
