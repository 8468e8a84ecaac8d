import type { JobType } from 'bullmq';
import type { QueueRecord, State, Transaction } from '../../store/index.js';
import { LISTS } from './queries.js';

type Direction = 'up' | 'down';

/** Positions in a list, both included, counted from 0. */
export interface Span {
  first: number;
  last: number;
}

const IDS: Readonly<Record<Direction, string>> = {
  up: `SELECT id FROM job WHERE queue = ? AND state = ? ORDER BY rank, id LIMIT ? OFFSET ?`,
  down: `SELECT id FROM job WHERE queue = ? AND state = ? ORDER BY rank DESC, id DESC LIMIT ? OFFSET ?`,
};
const SCHEDULER_IDS =
  'SELECT id FROM scheduler WHERE queue = ? AND next_run IS NOT NULL ORDER BY next_run, id';

/**
 * The ids of the jobs at the positions `start` to `end` of each list, one array for each type.
 *
 * Positions mean what they mean on Redis: negative ones count from the end. Waiting and active jobs
 * come with the newest first, also when `asc` makes their positions count from the oldest: BullMQ's
 * `getRanges` turns these around.
 */
export function getRanges(
  transaction: Transaction,
  queueName: string,
  types: JobType[],
  start: number,
  end: number,
  asc: boolean,
): string[][] {
  const queue = transaction.queue(queueName);
  return types.map((type) => {
    if (type === 'repeat') return schedulerIds(transaction, queue, start, end, asc);
    const state = LISTS.get(type) ?? 'empty';
    if (state === 'empty') return [];
    const total = queue.counts[state];
    if (state !== 'waiting' && state !== 'active') {
      return ids(transaction, queue, state, asc ? 'up' : 'down', spanOf(start, end, total));
    }
    const span = asc
      ? spanOf(fromOtherEnd(end), fromOtherEnd(start), total)
      : spanOf(start, end, total);
    return ids(transaction, queue, state, 'down', span);
  });
}

/**
 * A position counted from the other end; the last one, -1, stands for the first one there, and here
 * too.
 */
function fromOtherEnd(position: number): number {
  return position === -1 ? 0 : -(position + 1);
}

/** What Redis's LRANGE and ZRANGE make of two positions in a list; undefined for nothing. */
export function spanOf(start: number, end: number, total: number): Span | undefined {
  const first = Math.max(start < 0 ? start + total : start, 0);
  const last = Math.min(end < 0 ? end + total : end, total - 1);
  return first > last ? undefined : { first, last };
}

/** Reads ids in one direction, by way of the end that is nearer: what is skipped costs time. */
function ids(
  transaction: Transaction,
  queue: QueueRecord,
  state: State,
  direction: Direction,
  span: Span | undefined,
): string[] {
  if (span === undefined) return [];
  const { first, last } = span;
  const length = last - first + 1;
  const behind = queue.counts[state] - 1 - last;
  if (first <= behind) return read(transaction, IDS[direction], queue, state, length, first);
  const opposite = IDS[direction === 'up' ? 'down' : 'up'];
  return read(transaction, opposite, queue, state, length, behind).toReversed();
}

function read(
  transaction: Transaction,
  sql: string,
  queue: QueueRecord,
  state: State,
  limit: number,
  offset: number,
): string[] {
  return transaction.all<{ id: string }>(sql, queue.id, state, limit, offset).map(({ id }) => id);
}

function schedulerIds(
  transaction: Transaction,
  queue: QueueRecord,
  start: number,
  end: number,
  asc: boolean,
): string[] {
  const all = transaction.all<{ id: string }>(SCHEDULER_IDS, queue.id).map(({ id }) => id);
  if (!asc) all.reverse();
  const span = spanOf(start, end, all.length);
  return span === undefined ? [] : all.slice(span.first, span.last + 1);
}
