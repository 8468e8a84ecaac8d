import type { StreamReadRaw } from 'bullmq';
import type { QueueRecord, Transaction } from '../store/index.js';

interface EventRow {
  id: number;
  at: number;
  name: string;
  job_id: string | null;
  fields: string | null;
}

/** How many events one read returns. */
const READ_LIMIT = 1_000;

const AFTER = `SELECT id, at, name, job_id, fields FROM event WHERE queue = ? AND id > ?
  ORDER BY id LIMIT ${READ_LIMIT}`;
const TIME_OF = 'SELECT at FROM event WHERE queue = ? AND id = ?';
const LAST_BEFORE = `SELECT id FROM event WHERE queue = ? AND at < ? ORDER BY id DESC LIMIT 1`;

/** `<ms>` or `<ms>-<number>`. */
const EVENT_ID = /^(\d+)(?:-(\d+))?$/;

/**
 * Appends an event of the caller's own making, and keeps about the newest `maxEvents`.
 *
 * @param fields - `event` is its name; the others are kept in their order.
 * @returns The event's id.
 */
export function publishEvent(
  transaction: Transaction,
  queueName: string,
  { event, ...fields }: Record<string, string | number>,
  maxEvents: number,
): string {
  const queue = transaction.change(queueName);
  const texts = Object.entries(fields).map(([field, value]) => [field, String(value)]);
  transaction.emit(queue, String(event), null, Object.fromEntries(texts) as Record<string, string>);
  const id = lastEventId(transaction, queueName);
  transaction.trimEvents(queue, maxEvents);
  return id;
}

/** The id of a queue's newest event: what is read after it comes from now on. */
export function lastEventId(transaction: Transaction, queueName: string): string {
  const queue = transaction.queue(queueName);
  const row = transaction.get<{ at: number }>(TIME_OF, queue.id, queue.lastEvent);
  return `${row?.at ?? 0}-${queue.lastEvent}`;
}

/**
 * The events after `id`, at most 1,000, in the form of Redis's `XREAD`; null when there are none.
 *
 * @param id - An event's id, a time in ms, or 0 for all events.
 * @throws Error when `id` is none of these.
 */
export function eventsAfter(
  transaction: Transaction,
  queueName: string,
  id: string,
): StreamReadRaw {
  const queue = transaction.queue(queueName);
  const last = numberBefore(transaction, queue, id);
  if (last >= queue.lastEvent) return null;
  const rows = transaction.all<EventRow>(AFTER, queue.id, last);
  return rows.length === 0 ? null : [[`${queueName}:events`, rows.map(toEntry)]];
}

/** Keeps the newest `maxLength` events. Returns how many it removed. */
export function trimEventsTo(
  transaction: Transaction,
  queueName: string,
  maxLength: number,
): number {
  if (!transaction.queue(queueName).exists) return 0;
  return transaction.trimEvents(transaction.change(queueName), maxLength, 0);
}

/**
 * The number of the last event that a reader has seen. An id that this stream has not given out (a time, or
 * an id from another stream) stands for the moment that it names.
 */
function numberBefore(transaction: Transaction, queue: QueueRecord, id: string): number {
  const [, time, number = '0'] = EVENT_ID.exec(id) ?? [];
  if (time === undefined) throw new Error(`Invalid event id: ${id}`);
  if (number !== '0' && Number(number) <= queue.lastEvent) return Number(number);
  const row = transaction.get<{ id: number }>(LAST_BEFORE, queue.id, Number(time));
  return row?.id ?? 0;
}

function toEntry({ id, at, name, job_id: jobId, fields }: EventRow): [string, string[]] {
  const entry = ['event', name];
  if (jobId !== null) entry.push('jobId', jobId);
  if (fields !== null) {
    for (const [field, value] of Object.entries(JSON.parse(fields) as Record<string, string>)) {
      entry.push(field, value);
    }
  }
  return [`${at}-${id}`, entry];
}
