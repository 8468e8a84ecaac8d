import { Injectable } from '@nestjs/common';
import { JobLogger, messages } from '../logging/index.js';
import { nextLook, type TickSource } from '../timing/ticks/index.js';
import { monotonicNow, nextTurn } from '../timers/index.js';
import { TickSources } from './tick-sources.js';
import { ScheduleStore, type StoredSchedule } from './schedule-store.js';

/** A recurring job as the leader holds it. @internal */
export interface BookEntry extends StoredSchedule {
  readonly id: string;
  readonly source: TickSource;
}

interface Page {
  readonly entry: BookEntry;
  /** When to look at it next, Unix ms; Infinity for never. */
  dueAt: number;
}

/** Reads of many recurring jobs go out in groups of this size. */
const READS_AT_ONCE = 100;

/** For so long the book may keep the process for itself, in ms. */
const TURN_MS = 20;

/**
 * All recurring jobs in the leader's memory, and when each is due.
 * @internal
 */
@Injectable()
export class ScheduleBook {
  private readonly pages = new Map<string, Page>();
  private readonly suspects = new Set<string>();
  /** What cannot be read here, with the text that was told of. */
  private readonly unreadable = new Map<string, string>();

  constructor(
    private readonly store: ScheduleStore,
    private readonly logger: JobLogger,
    private readonly sources: TickSources,
  ) {}

  /** Reads everything anew. */
  async load(): Promise<void> {
    // Before the read: what is told of while it goes on may not be in it.
    this.suspects.clear();
    const all = await this.store.all();
    for (const id of this.pages.keys()) if (!all.has(id)) this.pages.delete(id);
    for (const id of this.unreadable.keys()) if (!all.has(id)) this.unreadable.delete(id);
    await this.putAll([...all]);
  }

  /** Notes that a recurring job may have changed. */
  suspect(id: string): void {
    this.suspects.add(id);
  }

  forgetSuspects(): void {
    this.suspects.clear();
  }

  /**
   * Reads again what may have changed, at most a group: hints may come as fast as they are
   * followed.
   */
  async refresh(): Promise<void> {
    const ids = [...this.suspects].slice(0, READS_AT_ONCE);
    for (const id of ids) this.suspects.delete(id);
    try {
      const stored = await Promise.all(ids.map((id) => this.store.find(id)));
      await this.putAll(ids.map((id, index) => [id, stored[index]]));
    } catch (error) {
      for (const id of ids) this.suspects.add(id);
      throw error;
    }
  }

  get hasSuspects(): boolean {
    return this.suspects.size > 0;
  }

  /** Holds what is stored now; undefined when it is gone. */
  put(id: string, stored: StoredSchedule | undefined): void {
    const page = stored && this.open(id, stored);
    if (page === undefined) this.pages.delete(id);
    else this.pages.set(id, page);
  }

  /** Leaves a recurring job alone until it has been read again: it has changed. */
  setAside(id: string): void {
    this.postpone(id, Infinity);
    this.suspect(id);
  }

  /** Looks at a recurring job again, but not before `time`. */
  postpone(id: string, time: number): void {
    const page = this.pages.get(id);
    if (page !== undefined) page.dueAt = time;
  }

  /** Looks again when it is due; at `time` when it is so by now, and has to wait. */
  lookAgain(id: string, now: number, time: number): void {
    const page = this.pages.get(id);
    if (page === undefined) return;
    const next = dueAt(page.entry);
    page.dueAt = next > now ? next : time;
  }

  all(): readonly BookEntry[] {
    return [...this.pages.values()].map(({ entry }) => entry);
  }

  /** Whether it is stored, and this process cannot read it. */
  isUnreadable(id: string): boolean {
    return this.unreadable.has(id) || this.store.isUnreadable(id);
  }

  /** What is due, at most `limit` of it: the longest due first, so that none waits for ever. */
  due(now: number, limit: number): readonly BookEntry[] {
    const pages = [...this.pages.values()].filter((page) => page.dueAt <= now);
    if (pages.length > limit) pages.sort((one, other) => one.dueAt - other.dueAt);
    return pages.slice(0, limit).map(({ entry }) => entry);
  }

  /** When something is due next, Unix ms; Infinity for never. */
  get nextDue(): number {
    let next = Infinity;
    for (const { dueAt: at } of this.pages.values()) if (at < next) next = at;
    return next;
  }

  /** Calendars may have much to be searched: others have their turn in between. */
  private async putAll(
    all: readonly (readonly [string, StoredSchedule | undefined])[],
  ): Promise<void> {
    let turnEnds = monotonicNow() + TURN_MS;
    for (const [id, stored] of all) {
      this.put(id, stored);
      if (monotonicNow() < turnEnds) continue;
      await nextTurn();
      turnEnds = monotonicNow() + TURN_MS;
    }
  }

  /** A calendar of the application's own may throw: that must not hold up the others. */
  private open(id: string, stored: StoredSchedule): Page | undefined {
    const known = this.pages.get(id)?.entry;
    try {
      const isKnown = known?.text === stored.text;
      const entry = isKnown ? known : { id, ...stored, source: this.sources.of(stored.schedule) };
      return { entry, dueAt: dueAt(entry) };
    } catch (error) {
      if (this.unreadable.get(id) !== stored.text) {
        this.logger.error(messages.scheduleUnreadable(id, error), error as Error);
      }
      this.unreadable.set(id, stored.text);
      return undefined;
    }
  }
}

function dueAt({ schedule, source }: BookEntry): number {
  const { timing, progress, paused, undeclaredSince } = schedule;
  const rests = paused || timing.enabled === false || undeclaredSince !== undefined;
  if (rests || progress.runs >= (timing.limit ?? Infinity)) return Infinity;
  return nextLook(source, progress.cursor);
}
