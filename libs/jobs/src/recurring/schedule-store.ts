import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import {
  isUnreadableRecord,
  parseRecord,
  Records,
  type ReadRecord,
} from '../coordination/index.js';
import { Repairs, type Repair } from '../execution/index.js';
import { DamagedRecordError, shortened } from '../errors/index.js';
import { StoreCalls } from '../enqueueing/index.js';
import { withDialect } from '../timing/ticks/index.js';
import type { Schedule } from './schedule.js';

const KEY = 'recurring:';
const CHANGED = 'recurring';

/** A stored recurring job, and its text, which a change must find unchanged. @internal */
export interface StoredSchedule {
  readonly schedule: Schedule;
  readonly text: string;
}

/**
 * The recurring jobs in the store: one key each. Who changes one tells all processes, as a hint.
 * @internal
 */
@Injectable()
export class ScheduleStore {
  /**
   * The ids of those that this process cannot read: they are left as they are, and are not run by
   * it.
   */
  private readonly unreadable = new Set<string>();
  private readonly reading: Repair;
  private readonly records: Records<Schedule>;

  constructor(
    private readonly calls: StoreCalls,
    repairs: Repairs,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {
    this.reading = repairs.of('stored recurring jobs');
    this.records = new Records(engine, KEY, {
      parse,
      reading: (id, read) => calls.read(`read the recurring job "${shortened(id)}"`, read),
      changing: (id, change) => calls.change(`change the recurring job "${shortened(id)}"`, change),
    });
  }

  async get(id: string): Promise<StoredSchedule | undefined> {
    return toStored(await this.records.read(id));
  }

  /** As {@link get}: undefined also when it cannot be read. */
  async find(id: string): Promise<StoredSchedule | undefined> {
    try {
      const stored = await this.get(id);
      this.readAgain(id);
      return stored;
    } catch (error) {
      if (!isUnreadableRecord(error)) throw error;
      this.leave(id, error);
      return undefined;
    }
  }

  /** Whether there is one that this process cannot read, as far as it has looked. */
  isUnreadable(id: string): boolean {
    return this.unreadable.has(id);
  }

  async all(): Promise<ReadonlyMap<string, StoredSchedule>> {
    const entries = await this.calls.read('read the recurring jobs', () =>
      this.engine.store.entries(KEY),
    );
    for (const id of this.unreadable) if (!entries.has(KEY + id)) this.readAgain(id);
    return new Map(
      [...entries].flatMap(([key, text]) => {
        const id = key.slice(KEY.length);
        const stored = this.parseOrLeave(id, text);
        return stored === undefined ? [] : [[id, stored]];
      }),
    );
  }

  /**
   * Changes what is stored under an id, atomically.
   * @param change makes the new value of the one that is there; called again when somebody else was
   *   faster. The same object means no change; undefined removes it.
   * @param known what was read already; the store is asked when it is absent, or old
   * @returns what is stored afterwards
   * @throws StoreUnavailableError
   */
  async change(
    id: string,
    change: (schedule: Schedule | undefined) => Schedule | undefined,
    known?: StoredSchedule,
  ): Promise<Schedule | undefined> {
    let isChanged = false;
    const changing = (schedule: Schedule | undefined): Schedule | undefined => {
      const next = change(schedule);
      isChanged = next !== schedule;
      return next;
    };
    const read = known && { value: known.schedule, text: known.text };
    const next = await this.records.change(id, changing, { known: read });
    if (isChanged) await this.tell(id);
    return next;
  }

  /**
   * Puts a new value in the place of the one that was read, if that is still there.
   * @returns what is stored now; undefined when somebody else changed it
   */
  async replace(
    id: string,
    known: StoredSchedule,
    schedule: Schedule,
  ): Promise<StoredSchedule | undefined> {
    return toStored(await this.records.replace(id, known, schedule));
  }

  /** Listens for changes, as a hint: the id of what may have changed. @returns stops listening */
  onChange(listener: (id: string) => void): Promise<() => Promise<void>> {
    return this.engine.store.subscribe(CHANGED, listener);
  }

  /** Tells all processes that a recurring job may have changed. */
  async tell(id: string): Promise<void> {
    // Whoever does not hear it looks by itself after a while.
    await this.calls
      .change('tell of a change', () => this.engine.store.publish(CHANGED, id))
      .catch(() => undefined);
  }

  /** One that cannot be read must not hide the others. */
  private parseOrLeave(id: string, text: string): StoredSchedule | undefined {
    try {
      const schedule = parse(text, KEY + id);
      this.readAgain(id);
      return { schedule, text };
    } catch (error) {
      this.leave(id, error);
      return undefined;
    }
  }

  /** Told of once in the log, and by the health check as long as it is met. */
  private leave(id: string, error: unknown): void {
    this.unreadable.add(id);
    this.reading.failed(shortened(id), error);
  }

  private readAgain(id: string): void {
    if (this.unreadable.delete(id)) void this.reading.one(shortened(id), async () => undefined);
  }
}

function parse(text: string, key: string): Schedule {
  const schedule = (parseRecord(text, key) ?? {}) as Schedule;
  const parts: readonly unknown[] = [schedule.timing, schedule.call, schedule.progress];
  if (!parts.every((part) => typeof part === 'object' && part !== null))
    throw new DamagedRecordError(key, 'expected timing, call and progress');
  return { ...schedule, timing: withDialect(schedule.timing) };
}

function toStored(read: ReadRecord<Schedule> | undefined): StoredSchedule | undefined {
  return read && { schedule: read.value, text: read.text };
}
