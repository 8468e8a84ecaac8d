import type { StreamReadRaw } from 'bullmq';
import type { QueueRecord, StoredEvent, Transaction } from '../../store/index.js';

interface EventRow {
  last_id: number;
  at: number;
  entries: string;
}

/** How many events one read returns. */
const READ_LIMIT = 1_000;

const AFTER = `SELECT last_id, at, entries FROM event WHERE queue = ? AND last_id > ?
  ORDER BY last_id LIMIT ${READ_LIMIT}`;
const LAST_TIME = 'SELECT at FROM event WHERE queue = ? ORDER BY last_id DESC LIMIT 1';
const LAST_BEFORE = `SELECT last_id FROM event WHERE queue = ? AND at < ? ORDER BY last_id DESC LIMIT 1`;

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
  const told = Object.fromEntries(texts) as Record<string, string>;
  const id = transaction.emit(queue, String(event), null, told);
  transaction.trimEvents(queue, maxEvents);
  return id;
}

/** The id of a queue's newest event: what is read after it comes from now on. */
export function lastEventId(transaction: Transaction, queueName: string): string {
  const queue = transaction.queue(queueName);
  queue.events.flush(transaction.statements, queue);
  const row = transaction.get<{ at: number }>(LAST_TIME, queue.id);
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
  queue.events.flush(transaction.statements, queue);
  const last = Math.max(numberBefore(transaction, queue, id), queue.firstEvent - 1);
  if (last >= queue.lastEvent) return null;
  const entries: [string, string[]][] = [];
  for (const row of transaction.all<EventRow>(AFTER, queue.id, last)) {
    if (entries.length >= READ_LIMIT) break;
    entries.push(...entriesAfter(last, row));
  }
  if (entries.length === 0) return null;
  return [[`${queueName}:events`, entries.slice(0, READ_LIMIT)]];
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
 * The number of the last event that a reader has seen. An id that this stream has not given out (a
 * time, or an id from another stream) stands for the moment that it names.
 */
function numberBefore(transaction: Transaction, queue: QueueRecord, id: string): number {
  const [, time, number = '0'] = EVENT_ID.exec(id) ?? [];
  if (time === undefined) throw new Error(`Invalid event id: ${id}`);
  if (number !== '0' && Number(number) <= queue.lastEvent) return Number(number);
  const row = transaction.get<{ last_id: number }>(LAST_BEFORE, queue.id, Number(time));
  return row?.last_id ?? 0;
}

function entriesAfter(
  last: number,
  { last_id: newest, at, entries }: EventRow,
): [string, string[]][] {
  const events = JSON.parse(entries) as StoredEvent[];
  const first = newest - events.length + 1;
  return events
    .slice(Math.max(0, last + 1 - first))
    .map((event, index) => [`${at}-${Math.max(first, last + 1) + index}`, toFields(event)]);
}

function toFields([name, jobId, others = {}]: StoredEvent): string[] {
  const fields = ['event', name];
  if (jobId !== null) fields.push('jobId', jobId);
  for (const [field, value] of Object.entries(others)) fields.push(field, value);
  return fields;
}
