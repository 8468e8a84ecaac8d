import type { StoredPayload } from '../payload/index.js';
import type { PreparedJob, StoredJobOptions } from '../enqueueing/index.js';
import { isSameTiming, progressAt, type TickProgress, type Timing } from '../timing/ticks/index.js';

/** The job that a tick becomes. @internal */
export interface ScheduledCall {
  readonly queue: string;
  readonly name: string;
  readonly data: StoredPayload;
  readonly opts: StoredJobOptions;
  /** Present where there may be one job of a key; the key itself is among the options. */
  readonly unique?: PreparedJob['unique'];
}

/**
 * What a recurring job is: what its declarer says, and nothing that changes as it runs. @internal
 */
export interface ScheduleDefinition {
  readonly id: string;
  /**
   * `decorator`: declared by `@Recurring()`, and gone when no process declares it; `api`: by a
   * call.
   */
  readonly source: 'decorator' | 'api';
  readonly timing: Timing;
  readonly call: ScheduledCall;
  /**
   * Of one that a decorator declares, the hash of the declaration; kept when a call changes it
   * afterwards.
   */
  readonly declared?: string;
}

/** A recurring job as it is stored: one value, changed by compare-and-set alone. @internal */
export interface Schedule extends ScheduleDefinition {
  /** When the timing was stored, Unix ms: an interval counts from here. */
  readonly definedAt: number;
  readonly progress: TickProgress;
  readonly paused: boolean;
  /**
   * How often it was planned anew since the clock was set back: ticks of the same time come again
   * then, as other jobs.
   */
  readonly clockSteps?: number;
  /** The newest run that was enqueued. */
  readonly lastJob?: { readonly queue: string; readonly id: string };
  /**
   * Since when no process declares it, Unix ms: it has no ticks, and is forgotten after a while.
   */
  readonly undeclaredSince?: number;
}

/** A new recurring job: ticks after `now` are its own. @internal */
export function newSchedule(definition: ScheduleDefinition, now: number): Schedule {
  const progress = { cursor: now, runs: 0, misfires: 0, skips: 0 };
  return { ...definition, definedAt: now, progress, paused: false };
}

/**
 * A recurring job whose ticks were dealt with up to a moment that has yet to come, since the clock
 * was set back: it is planned anew from now on.
 *
 * @returns the same object when that is not so
 * @internal
 */
export function replanned(stored: Schedule, now: number): Schedule {
  const progress = progressAt(stored.progress, now);
  if (progress === stored.progress) return stored;
  const definedAt = Math.min(stored.definedAt, now);
  return { ...stored, definedAt, progress, clockSteps: (stored.clockSteps ?? 0) + 1 };
}

/**
 * A stored recurring job under a new definition. With another timing it starts afresh: its ticks
 * are those after `now`. With the same, no tick is lost, whatever else has changed.
 *
 * @returns the same object when nothing has changed
 * @internal
 */
export function redefined(before: Schedule, definition: ScheduleDefinition, now: number): Schedule {
  const stored = replanned(before, now);
  const { undeclaredSince, ...schedule } = stored;
  const hasTiming = isSameTiming(stored.timing, definition.timing);
  const isSame =
    hasTiming &&
    isEqual(stored.call, definition.call) &&
    stored.source === definition.source &&
    stored.declared === (definition.declared ?? stored.declared);
  if (isSame) return undeclaredSince === undefined ? stored : schedule;
  if (hasTiming) return { ...schedule, ...definition, timing: stored.timing };
  const { catchUpUntil: _, seenUntil: __, ...progress } = stored.progress;
  return {
    ...schedule,
    ...definition,
    // An interval keeps its times when it keeps its length.
    definedAt: isSameInterval(stored.timing, definition.timing) ? stored.definedAt : now,
    // A limit counts the runs under the timing that it is a part of.
    progress: { ...progress, cursor: now, runs: 0 },
  };
}

function isSameInterval(one: Timing, other: Timing): boolean {
  return (
    one.everyMs !== undefined && one.everyMs === other.everyMs && one.startAt === other.startAt
  );
}

/** The id of a tick's job: the store takes each one once. @internal */
export function tickJobId(scheduleId: string, due: number | string, clockSteps = 0): string {
  const id = `${scheduleId}@${due}`;
  return clockSteps === 0 ? id : `${id}.${clockSteps}`;
}

/**
 * Both are JSON values, with their properties in the order in which this code makes them. @internal
 */
export function isEqual(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
