import { EventBuffer } from './event-buffer.js';
import type { Row, Statements } from './statements.js';

/** The lists that a job can be in, in BullMQ's words. */
export const STATES = [
  'waiting',
  'prioritized',
  'delayed',
  'active',
  'waiting-children',
  'completed',
  'failed',
] as const;

/** Where a job is. */
export type State = (typeof STATES)[number];

/**
 * The queue row that stands for "there is no such queue yet": no job, event or setting belongs to
 * it.
 */
const NO_ROW = 0;

const LOAD = 'SELECT * FROM queue WHERE name = ?';
const CREATE = 'INSERT INTO queue (name) VALUES (?)';
const SAVE = `UPDATE queue SET last_job_id = ?, last_position = ?, last_priority = ?, first_event = ?,
  last_event = ?, waiting = ?, prioritized = ?, delayed = ?, active = ?, waiting_children = ?,
  completed = ?, failed = ?, limiter_count = ?, limiter_until = ?, stalled_check_until = ? WHERE id = ?`;
const META = 'SELECT field, value FROM queue_meta WHERE queue = ?';

/**
 * The row of one queue, held in memory while nobody else can have changed it: the counters that
 * every operation needs, so that a count costs nothing and a group of operations writes its queue
 * once.
 */
export class QueueRecord {
  id = NO_ROW;
  lastJobId = 0;
  lastPosition = 0;
  lastPriority = 0;
  firstEvent = 1;
  lastEvent = 0;
  readonly counts: Record<State, number> = {
    waiting: 0,
    prioritized: 0,
    delayed: 0,
    active: 0,
    'waiting-children': 0,
    completed: 0,
    failed: 0,
  };
  limiterCount = 0;
  /** When the limiter's window ends, in ms; the count is void afterwards. */
  limiterUntil = 0;
  stalledCheckUntil = 0;
  /** What this transaction tells and has not written yet. */
  readonly events = new EventBuffer();
  #meta: Map<string, string> | undefined;

  private constructor(readonly name: string) {}

  /** Reads the row of a queue; a queue that nobody wrote to yet has none. */
  static load(statements: Statements, name: string): QueueRecord {
    const record = new QueueRecord(name);
    const row = statements.get<Row & Record<string, number>>(LOAD, name);
    if (row !== undefined) record.#read(row);
    return record;
  }

  /** Whether the queue has a row: reading never makes one. */
  get exists(): boolean {
    return this.id !== NO_ROW;
  }

  create(statements: Statements): void {
    statements.run(CREATE, this.name);
    const row = statements.get<Row & Record<string, number>>(LOAD, this.name);
    if (row !== undefined) this.#read(row);
  }

  save(statements: Statements): void {
    const { counts } = this;
    statements.runKeepingReady(
      SAVE,
      this.lastJobId,
      this.lastPosition,
      this.lastPriority,
      this.firstEvent,
      this.lastEvent,
      counts.waiting,
      counts.prioritized,
      counts.delayed,
      counts.active,
      counts['waiting-children'],
      counts.completed,
      counts.failed,
      this.limiterCount,
      this.limiterUntil,
      this.stalledCheckUntil,
      this.id,
    );
  }

  /** The queue's settings (`paused`, `concurrency`, `max`, `duration`, `opts.maxLenEvents`, …). */
  meta(statements: Statements): ReadonlyMap<string, string> {
    this.#meta ??= new Map(
      statements
        .all<{ field: string; value: string }>(META, this.id)
        .map(({ field, value }) => [field, value]),
    );
    return this.#meta;
  }

  /** Must be called after a setting was written. */
  forgetMeta(): void {
    this.#meta = undefined;
  }

  #read(row: Row & Record<string, number>): void {
    this.id = row['id'] as number;
    this.lastJobId = row['last_job_id'] as number;
    this.lastPosition = row['last_position'] as number;
    this.lastPriority = row['last_priority'] as number;
    this.firstEvent = row['first_event'] as number;
    this.lastEvent = row['last_event'] as number;
    this.counts.waiting = row['waiting'] as number;
    this.counts.prioritized = row['prioritized'] as number;
    this.counts.delayed = row['delayed'] as number;
    this.counts.active = row['active'] as number;
    this.counts['waiting-children'] = row['waiting_children'] as number;
    this.counts.completed = row['completed'] as number;
    this.counts.failed = row['failed'] as number;
    this.limiterCount = row['limiter_count'] as number;
    this.limiterUntil = row['limiter_until'] as number;
    this.stalledCheckUntil = row['stalled_check_until'] as number;
  }
}
