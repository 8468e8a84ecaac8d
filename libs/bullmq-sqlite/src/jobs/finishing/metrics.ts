import type { QueueRecord, Transaction } from '../../store/index.js';
import { spanOf } from '../queries/ranges.js';

/** What is counted. */
export type MetricKind = 'completed' | 'failed';

interface Metric {
  count: number;
  previous_timestamp: number | null;
  previous_count: number | null;
  /** How many points there are. */
  points: number;
  newest_point: number;
}

interface Point {
  number: number;
  value: number;
}

const MINUTE_MS = 60_000;

const COUNT = `INSERT INTO metric (queue, kind, count, previous_timestamp, previous_count)
  VALUES (?, ?, 1, ?, 0) ON CONFLICT (queue, kind) DO UPDATE SET count = count + 1`;
const END_MINUTE = `UPDATE metric SET previous_timestamp = ?, previous_count = ?, points = ?, newest_point = ?
  WHERE queue = ? AND kind = ?`;
const ADD_POINT = 'INSERT INTO metric_point (queue, kind, number, value) VALUES (?, ?, ?, ?)';
const TRIM = `DELETE FROM metric_point WHERE queue = ?1 AND kind = ?2 AND number IN (
  SELECT number FROM metric_point WHERE queue = ?1 AND kind = ?2 AND number <= ?3 ORDER BY number LIMIT 100)`;
const FIND = `SELECT count, previous_timestamp, previous_count, points, newest_point FROM metric
  WHERE queue = ? AND kind = ?`;
const POINTS = `SELECT number, value FROM metric_point WHERE queue = ? AND kind = ?
  AND number BETWEEN ? AND ?`;

/**
 * Counts a finished job. The first one in a new minute ends the minute before: that one's count
 * becomes a point, and each minute since then a point of 0.
 *
 * @param maxDataPoints - How many points are kept.
 */
export function collectMetrics(
  transaction: Transaction,
  queue: QueueRecord,
  kind: MetricKind,
  maxDataPoints: number,
  now: number,
): void {
  transaction.runKeepingReady(COUNT, queue.id, kind, now);
  const metric = transaction.get<Metric>(FIND, queue.id, kind);
  if (metric === undefined) return;
  const minutes = minuteOf(now) - minuteOf(metric.previous_timestamp ?? now);
  if (minutes <= 0) return;
  const ended = Math.min(minutes, maxDataPoints);
  const before = metric.count - 1;
  const newest = metric.newest_point + ended;
  const points = Math.min(metric.points + ended, maxDataPoints);
  const value = before - (metric.previous_count ?? 0);
  if (value > 0) {
    transaction.runKeepingReady(ADD_POINT, queue.id, kind, metric.newest_point + 1, value);
  }
  transaction.runKeepingReady(END_MINUTE, now, before, points, newest, queue.id, kind);
  transaction.runKeepingReady(TRIM, queue.id, kind, newest - points);
}

function minuteOf(timestamp: number): number {
  return Math.floor(timestamp / MINUTE_MS);
}

/**
 * How many jobs finished, in BullMQ's form: the count with the time and count at the end of the
 * minute before (none before the first job), the points at the positions `start` to `end` with the
 * newest first, and how many points there are.
 */
export function getMetrics(
  transaction: Transaction,
  queueName: string,
  kind: MetricKind,
  start: number,
  end: number,
): [(string | null)[], string[], number] {
  const queue = transaction.queue(queueName);
  const metric = transaction.get<Metric>(FIND, queue.id, kind);
  if (metric === undefined) return [[null, null, null], [], 0];
  const { count, previous_timestamp: timestamp, previous_count: before, points } = metric;
  const meta = [count, timestamp, before].map((value) => (value === null ? null : String(value)));
  const span = spanOf(start, end, points);
  if (span === undefined) return [meta, [], points];
  const highest = metric.newest_point - span.first;
  const lowest = metric.newest_point - span.last;
  const values = Array.from({ length: highest - lowest + 1 }, () => '0');
  for (const { number, value } of transaction.all<Point>(POINTS, queue.id, kind, lowest, highest)) {
    values[highest - number] = String(value);
  }
  return [meta, values, points];
}
