import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { StoreCalls } from '../scheduling/index.js';
import { withDialect } from '../timing/ticks/index.js';
import type { Schedule } from './schedule.js';

const KEY = 'recurring:';
const CHANGED = 'recurring';

/** Somebody else changed the value each time: more than this comes from no fleet. */
const MOST_TRIES = 100;

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
  /** What was told of, by id. */
  private readonly damaged = new Map<string, string>();

  constructor(
    private readonly calls: StoreCalls,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  async get(id: string): Promise<StoredSchedule | undefined> {
    const text = await this.calls.read(`read the recurring job "${id}"`, () =>
      this.engine.store.get(KEY + id),
    );
    return text === undefined ? undefined : parse(text);
  }

  async all(): Promise<ReadonlyMap<string, StoredSchedule>> {
    const entries = await this.calls.read('read the recurring jobs', () =>
      this.engine.store.entries(KEY),
    );
    return new Map(
      [...entries].flatMap(([key, text]) => {
        const id = key.slice(KEY.length);
        const stored = this.parseOrTell(id, text);
        return stored === undefined ? [] : [[id, stored]];
      }),
    );
  }

  /**
   * Changes what is stored under an id, atomically.
   * @param change makes the new value of the one that is there; called again when somebody else was faster.
   *   The same object means no change; undefined removes it.
   * @param known what was read already; the store is asked when it is absent, or old
   * @returns what is stored afterwards
   * @throws StoreUnavailableError
   */
  async change(
    id: string,
    change: (schedule: Schedule | undefined) => Schedule | undefined,
    known?: StoredSchedule,
  ): Promise<Schedule | undefined> {
    let current = known ?? (await this.get(id));
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const next = change(current?.schedule);
      if (next === current?.schedule) return next;
      if (await this.swap(id, current, next)) {
        await this.tell(id);
        return next;
      }
      current = await this.get(id);
    }
    throw new Error(
      `The recurring job "${id}" was changed by others ${MOST_TRIES} times in a row.`,
    );
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
    const text = JSON.stringify(schedule);
    const isDone = await this.swap(id, known, schedule, text);
    return isDone ? { schedule, text } : undefined;
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

  /** A damaged value must not hide the other recurring jobs. */
  private parseOrTell(id: string, text: string): StoredSchedule | undefined {
    try {
      return parse(text);
    } catch (error) {
      if (this.damaged.get(id) !== text) {
        this.logger.error(messages.scheduleUnreadable(id, error), error as Error);
      }
      this.damaged.set(id, text);
      return undefined;
    }
  }

  private swap(
    id: string,
    from: StoredSchedule | undefined,
    to: Schedule | undefined,
    text = JSON.stringify(to),
  ): Promise<boolean> {
    const { store } = this.engine;
    return this.calls.change(`change the recurring job "${id}"`, async () => {
      if (to === undefined) return from === undefined || (await store.delete(KEY + id, from.text));
      return store.compareAndSet(KEY + id, from?.text, text);
    });
  }
}

function parse(text: string): StoredSchedule {
  const schedule = JSON.parse(text) as Schedule;
  return { schedule: { ...schedule, timing: withDialect(schedule.timing) }, text };
}
