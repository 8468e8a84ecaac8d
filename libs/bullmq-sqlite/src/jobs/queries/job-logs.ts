import { ErrorCode } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';
import { spanOf } from './ranges.js';

const FIND = 'SELECT seq FROM job WHERE queue = ? AND id = ?';
const BOUNDS = `SELECT (SELECT min(line) FROM job_log WHERE job = ?1) AS oldest,
  (SELECT max(line) FROM job_log WHERE job = ?1) AS newest`;
const ADD = 'INSERT INTO job_log (job, line, text) VALUES (?, ?, ?)';
const REMOVE_UP_TO = 'DELETE FROM job_log WHERE job = ? AND line <= ?';
const UPWARDS = 'SELECT text FROM job_log WHERE job = ? AND line BETWEEN ? AND ? ORDER BY line';
const DOWNWARDS = `${UPWARDS} DESC`;

/** The log of a job: its lines are numbered without gaps. An empty one ends before it begins. */
interface Log {
  job: number;
  oldest: number;
  newest: number;
}

/**
 * Appends a line to a job's log, and removes the oldest lines when only `keepLogs` are to stay.
 *
 * @returns How many lines there are, or BullMQ's error code.
 */
export function addLog(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  text: string,
  keepLogs?: number,
): number | ErrorCode {
  const log = findLog(transaction, transaction.queue(queueName), jobId);
  if (log === undefined) return ErrorCode.JobNotExist;
  const newest = log.newest + 1;
  const count = newest - log.oldest + 1;
  transaction.runKeepingReady(ADD, log.job, newest, text);
  if (!keepLogs || keepLogs >= count) return count;
  transaction.runKeepingReady(REMOVE_UP_TO, log.job, newest - keepLogs);
  return keepLogs;
}

/** Removes a job's log, but for its newest `keepLogs` lines. */
export function clearLogs(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  keepLogs = 0,
): void {
  const log = findLog(transaction, transaction.queue(queueName), jobId);
  if (log === undefined) return;
  transaction.runKeepingReady(REMOVE_UP_TO, log.job, log.newest - keepLogs);
}

/**
 * The lines of a job's log at the positions `start` to `end`, and how many there are in all.
 * Positions count from the oldest line, or from the newest one unless `asc`; negative ones count
 * from the other end.
 */
export function getLogs(
  transaction: Transaction,
  queueName: string,
  jobId: string,
  start: number,
  end: number,
  asc: boolean,
): { logs: string[]; count: number } {
  const log = findLog(transaction, transaction.queue(queueName), jobId);
  if (log === undefined) return { logs: [], count: 0 };
  const { job, oldest, newest } = log;
  const count = newest - oldest + 1;
  const span = spanOf(start, end, count);
  if (span === undefined) return { logs: [], count };
  const { first, last } = span;
  const rows = asc
    ? transaction.all<{ text: string }>(UPWARDS, job, oldest + first, oldest + last)
    : transaction.all<{ text: string }>(DOWNWARDS, job, newest - last, newest - first);
  return { logs: rows.map(({ text }) => text), count };
}

function findLog(transaction: Transaction, queue: QueueRecord, jobId: string): Log | undefined {
  const job = transaction.get<{ seq: number }>(FIND, queue.id, jobId)?.seq;
  if (job === undefined) return undefined;
  const bounds = transaction.get<{ oldest: number | null; newest: number | null }>(BOUNDS, job);
  return { job, oldest: bounds?.oldest ?? 1, newest: bounds?.newest ?? 0 };
}
