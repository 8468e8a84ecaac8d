import type { RepeatableOptions } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';

/** A schedule, as BullMQ reads it: every value is text, and `ic` counts its runs. */
export type SchedulerFields = Record<string, string>;

/** A job scheduler as it is stored. */
export interface StoredScheduler {
  id: string;
  /** When its next job runs, in ms. */
  nextRun: number;
  fields: SchedulerFields;
}

/** What a caller says about a schedule. */
export interface SchedulerTemplate {
  repeat: RepeatableOptions;
  /** The data of its jobs, as JSON. */
  data: string;
  /** The options of its jobs. */
  opts: object;
}

interface SchedulerRow {
  id: string;
  next_run: number;
  fields: string;
}

/** BullMQ writes nothing rather than an empty object. */
const EMPTY = '{}';

const FIND = 'SELECT id, next_run, fields FROM scheduler WHERE queue = ? AND id = ?';
const SAVE = `INSERT INTO scheduler (queue, id, next_run, fields) VALUES (?, ?, ?, ?)
  ON CONFLICT (queue, id) DO UPDATE SET next_run = excluded.next_run, fields = excluded.fields`;

/** A scheduler by its id, if there is one. */
export function findScheduler(
  transaction: Transaction,
  queue: QueueRecord,
  id: string,
): StoredScheduler | undefined {
  const row = transaction.get<SchedulerRow>(FIND, queue.id, id);
  if (row === undefined) return undefined;
  return { id, nextRun: row.next_run, fields: JSON.parse(row.fields) as SchedulerFields };
}

/** Stores a scheduler, in the place of one with the same id. */
export function saveScheduler(
  transaction: Transaction,
  queue: QueueRecord,
  { id, nextRun, fields }: StoredScheduler,
): void {
  transaction.runKeepingReady(SAVE, queue.id, id, nextRun, JSON.stringify(fields));
}

/**
 * The fields of a new schedule, in BullMQ's order. The count of runs goes on from an older
 * schedule, and so does the offset when the new one has none.
 */
export function schedulerFields(
  { repeat, data, opts }: SchedulerTemplate,
  older: SchedulerFields = {},
): SchedulerFields {
  const json = JSON.stringify(withoutNulls(opts));
  const fields = {
    name: repeat.name,
    tz: repeat.tz,
    limit: repeat.limit,
    pattern: repeat.pattern,
    startDate: repeat.startDate,
    endDate: repeat.endDate,
    every: repeat.every,
    offset: repeat.offset ?? older['offset'],
    opts: json === EMPTY ? undefined : json,
    data: data === EMPTY ? undefined : data,
    ic: older['ic'] ?? 1,
  };
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([field, value]) => [field, String(value)]),
  );
}

/** A copy without the properties that are null, which Redis does not store either. */
export function withoutNulls<Value>(value: Value): Value {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => (item === null ? undefined : item)),
  ) as Value;
}
