import { QueueRecord } from './queue-record.js';
import type { SQLOutputValue } from 'node:sqlite';
import type { Row, Statements, Value } from './statements.js';
import { machineNow } from '../timers/index.js';

const CLOCK_BASE = 'SELECT base FROM clock';
const TRIM_EVENTS = 'DELETE FROM event WHERE queue = ? AND last_id < ?';

/** BullMQ's default for `opts.maxLenEvents`. */
export const DEFAULT_MAX_EVENTS = 10_000;

/**
 * Trimming one event with each new one would cost a delete an event: let this many more pile up.
 */
const TRIM_SLACK = 100;

/**
 * What an operation works with: statements on one connection, the queues' rows, and the events.
 *
 * It lives as long as its connection. Queue rows that an operation changed are written by
 * `flush()`, which the group's owner calls before COMMIT; `forget()` drops what is in memory after
 * a rollback, or when another connection wrote to the file.
 */
export class Transaction {
  readonly #queues = new Map<string, QueueRecord>();
  readonly #changed = new Set<QueueRecord>();
  readonly #announced = new Set<string>();
  #clockBase: number | undefined;

  constructor(readonly statements: Statements) {}

  /**
   * The file's steady clock, in whole ms: all processes of the machine share it, and nobody sets
   * it. What lasts for a time ends by it; what is told to people is by the wall clock.
   *
   * @param moment - of the machine's clock; default now
   */
  steadyNow(moment = machineNow()): number {
    this.#clockBase ??= this.get<{ base: number }>(CLOCK_BASE)?.base ?? 0;
    return Math.floor(moment) + this.#clockBase;
  }

  run(sql: string, ...values: Value[]): number {
    return this.statements.run(sql, ...values);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names the row that the SQL yields
  get<T = Row>(sql: string, ...values: Value[]): T | undefined {
    return this.statements.get<T>(sql, ...values);
  }

  all<T = Row>(sql: string, ...values: Value[]): T[] {
    return this.statements.all<T>(sql, ...values);
  }

  /**
   * Like `all`, but each row is the values of its columns in their order: half the cost of objects.
   */
  allValues(sql: string, ...values: Value[]): SQLOutputValue[][] {
    return this.statements.allValues(sql, ...values);
  }

  /**
   * Runs a write that changes neither a job that is ready to run nor which ones are: what is held
   * in memory of those stays good. All other writes make it void.
   */
  runKeepingReady(sql: string, ...values: Value[]): number {
    return this.statements.runKeepingReady(sql, ...values);
  }

  /** The row of a queue, for reading. */
  queue(name: string): QueueRecord {
    let record = this.#queues.get(name);
    if (record === undefined) {
      record = QueueRecord.load(this.statements, name);
      this.#queues.set(name, record);
    }
    return record;
  }

  /** The row of a queue, for changing it: it is made if it is missing, and written by `flush()`. */
  change(name: string): QueueRecord {
    const record = this.queue(name);
    if (!record.exists) record.create(this.statements);
    this.#changed.add(record);
    return record;
  }

  /**
   * Appends to the queue's event stream. Fields are kept in their order, as strings. Returns the
   * event's id.
   */
  emit(
    queue: QueueRecord,
    name: string,
    jobId: string | null,
    fields?: Record<string, string>,
  ): string {
    this.#changed.add(queue);
    queue.lastEvent += 1;
    const at = queue.events.add(fields === undefined ? [name, jobId] : [name, jobId, fields]);
    return `${at}-${queue.lastEvent}`;
  }

  /** Keeps the newest `maxLength` events, or a few more. Returns how many it removed. */
  trimEvents(queue: QueueRecord, maxLength: number, slack = TRIM_SLACK): number {
    const surplus = queue.lastEvent - queue.firstEvent + 1 - maxLength;
    if (surplus <= slack) return 0;
    queue.firstEvent += surplus;
    this.runKeepingReady(TRIM_EVENTS, queue.id, queue.firstEvent);
    return surplus;
  }

  /**
   * Ends the waits for this name once the transaction is committed; for what belongs to no queue.
   * Other processes look at the file after each commit anyway.
   */
  announce(name: string): void {
    this.#announced.add(name);
  }

  /**
   * Writes the changed queue rows; returns the names of their queues, and those that were
   * announced.
   */
  flush(): string[] {
    const names = [...this.#announced];
    this.#announced.clear();
    for (const record of this.#changed) {
      record.events.flush(this.statements, record);
      record.save(this.statements);
      names.push(record.name);
    }
    this.#changed.clear();
    return names;
  }

  /** Drops all that is held in memory. */
  forget(): void {
    this.#announced.clear();
    this.#changed.clear();
    this.#queues.clear();
  }
}
