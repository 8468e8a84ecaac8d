import { CronArgumentError, InvalidCronError } from '../../errors/index.js';
import { closest, show } from '../../options/index.js';
import type { CronDialect } from './cron-field.js';
import { parseExpression } from './expression-parser.js';
import { NamedExpressions } from './named-expressions.js';
import { WallClock, type CronFields } from './wall-clock.js';
import { ZoneClock, type ZonePeriod } from './zone-clock.js';

/**
 * How an expression is to be read.
 * @publicApi
 */
export interface CronOptions {
  /**
   * Which family it is of: `'unix'` numbers weekdays 0 to 7 (Sunday 0 and 7) and takes 5, 6 or 7
   * fields, `'quartz'` numbers them 1 to 7 (Sunday 1) and takes 6 or 7. Default: `'unix'` for 5
   * fields, else `'quartz'`; but six fields with weekdays by number are refused without a dialect,
   * since those of @nestjs/schedule, Spring and Cronos are `'unix'`. Names (`MON-FRI`) are the same
   * in both.
   */
  readonly dialect?: CronDialect;
  /** What `H` is derived from: the same id has the same times, for ever. Needed for `H` alone. */
  readonly id?: string;
  /** IANA name of the zone whose clocks the expression speaks of. Default: `'UTC'`. */
  readonly timeZone?: string;
  /**
   * The instant, in epoch ms, after which the expression must still have a tick to be accepted.
   * Default: now. 0 accepts a schedule that has run out, e.g. one that was stored long ago.
   */
  readonly now?: number;
}

const SECOND_MS = 1_000;
/** Well above what clocks have ever been moved by, which is a day. */
const LARGEST_MOVE_MS = 3 * 86_400_000;
const END_OF_CALENDAR = Date.UTC(10_000, 0, 1);

/*
 * Why expressions are read here, and not by a library:
 *
 * - cron-parser, which BullMQ has, knows neither `W` nor `LW` nor years, and reads Quartz's `6L` as
 *   each Saturday. It leaves out a day where clocks skip half an hour, and in an hour that they
 *   repeat it runs an interval once.
 * - croner knows neither `L-3` nor `LW-2` nor a lone `L` of weekdays, leaves out `31W` where there
 *   is no 31st, and runs 02:30 at 03:00 where clocks skip it.
 * - Neither has `H`, tells the two dialects apart where six fields could be of either, or says all
 *   faults at once.
 *
 * A tick that is lost or doubled by a library is lost or doubled by this module. Where both do what
 * is written below, cron-oracles.spec.ts compares with them.
 */

/**
 * A cron schedule: tells when it is due. Immutable, pure and fast; hold one and ask it often. Its
 * static names are those of the `CronExpression` of @nestjs/schedule.
 *
 * **Days.** A day field that is exactly `*` or `?` names no days, and the other one decides; when
 * both name days, either is enough (`0 0 13 * FRI`: each 13th and each Friday). That is
 * crontab(5)'s rule, for both dialects. Quartz refuses two such fields; Quartz.NET reads them so
 * too, but takes `*` beside days that are named for each day. Vixie cron differs for a field that
 * starts with `*` and has a step.
 *
 * **What is Quartz's** (`L`, `W`, `#`, `LW-n`) is as Quartz.NET has it: `31W` is the weekday
 * nearest to the last day of a month that is shorter. There are two exceptions: lists may hold any
 * of them (`MON#1,FRIL`), but `FRI/2`, each second week from whenever it is asked, is refused.
 *
 * **Daylight saving.** No tick is lost, and no instant has two. A time that clocks skip runs once,
 * later by as much as they skip (02:30 at 03:30), unless a tick is there anyway. A time that occurs
 * twice runs at its first occurrence alone, unless the second, minute or hour field has `*`, `/` or
 * `-`: those are intervals, which go on in real time through both. `H` counts as the fixed time
 * that it becomes. This is Quartz.NET's rule too, save that of several skipped times of an interval
 * it runs the first alone.
 *
 * Ticks lie on whole seconds, from 1970 on.
 * @publicApi
 */
export class CronExpression extends NamedExpressions {
  private readonly wallClock: WallClock;
  private readonly interval: boolean;
  private readonly zone: ZoneClock;

  private constructor(
    /** As it was written. */
    readonly text: string,
    /** Whose weekday numbers it has. */
    readonly dialect: CronDialect,
    /** As it was written; `'UTC'` by default. */
    readonly timeZone: string,
    /** The fields, with macros written out and the values that `H` became; for people to read. */
    readonly resolved: string,
    fields: CronFields,
  ) {
    super();
    this.zone = ZoneClock.of(timeZone);
    this.wallClock = new WallClock(fields);
    this.interval = fields.interval;
  }

  /**
   * Reads an expression of 5 (minute to day of week), 6 (second first) or 7 fields (year last, 1970
   * to 9999), or a macro (`@yearly`, `@annually`, `@monthly`, `@weekly`, `@daily`, `@midnight`,
   * `@hourly`). Names, letters and macros may be in either case.
   *
   * | in | may be written |
   * |---|---|
   * | all fields | `*`, `a`, `a-b`; a step `/n` behind each, with which `a` runs to the end; lists
   *   |
   * | all but the year | `H`, `H(a-b)`, `H/n`, `H(a-b)/n`: a value of its own for each `id` |
   * | day of month | `?`, `L`, `L-n`, `LW`, `15W` (nearest weekday, same month), `L-nW`, `LW-n` (n
   *   days before it) |
   * | day of week | `?`, `FRIL` (last), `FRI#3` (third) |
   * | in Quartz alone | ranges past the end (`22-2`, `FRI-MON`; not of years); `/n` without a star;
   *   `L` for Saturday |
   * | in Unix alone | `?` for `*`, in all fields |
   *
   * @throws InvalidCronError with every fault: what cannot be read, is ambiguous, or never comes
   *   (again)
   * @throws UnknownTimeZoneError
   * @throws CronArgumentError when an option is wrong
   */
  static parse(text: string, options: CronOptions = {}): CronExpression {
    const { dialect, id, timeZone = 'UTC', now = Date.now() } = options;
    checkOptions(dialect, id, now);
    const currentYear = new Date(now).getUTCFullYear();
    const parsed = parseExpression(text, { dialect, id, currentYear });
    const { fields, resolved } = parsed;
    const expression = new CronExpression(text, parsed.dialect, timeZone, resolved, fields);
    if (expression.next(now) === undefined) {
      const reason = `a time after ${new Date(now).toISOString()}`;
      throw new InvalidCronError(text, [
        { field: 'expression', got: text, reason, hint: 'it would never run again' },
      ]);
    }
    return expression;
  }

  /**
   * The first tick that is strictly later than `after`; both in epoch ms.
   * @returns `undefined` when the years are over
   * @throws CronArgumentError when `after` is not a number of ms within the range of dates
   */
  next(after: number): number | undefined {
    checkInstant('next()', 'after', after);
    let instant = Math.max(Math.floor(after / SECOND_MS) * SECOND_MS + SECOND_MS, 0);
    while (instant < END_OF_CALENDAR) {
      const period = this.zone.periodAt(instant);
      const tick = this.firstTickFrom(instant, period);
      if (tick < period.end) return tick;
      // Too far from the end for its move to bring a time back, so nothing comes before the tick
      // that was found.
      const isFar = period.end - instant > LARGEST_MOVE_MS;
      instant = isFar ? Math.max(period.end, tick - LARGEST_MOVE_MS) : period.end;
    }
    return undefined;
  }

  /**
   * The next `count` ticks after `after`, ascending; fewer when the years are over.
   * @throws CronArgumentError
   */
  take(after: number, count: number): number[] {
    if (!Number.isSafeInteger(count) || count < 0) {
      throw new CronArgumentError('take()', 'count', 'a whole number from 0 on', show(count));
    }
    const ticks: number[] = [];
    let last: number | undefined = after;
    while (ticks.length < count) {
      last = this.next(last);
      if (last === undefined) break;
      ticks.push(last);
    }
    return ticks;
  }

  /**
   * The last tick that is strictly earlier than `before`; both in epoch ms. Takes some 50 times as
   * long as {@link next}, by which it is bisected.
   * @returns `undefined` when there is none from 1970 on
   * @throws CronArgumentError when `before` is not a number of ms within the range of dates
   */
  previous(before: number): number | undefined {
    checkInstant('previous()', 'before', before);
    const tickBefore = (instant: number): number | undefined => {
      const tick = this.next(instant);
      return tick !== undefined && tick < before ? tick : undefined;
    };
    let width = SECOND_MS;
    let found = tickBefore(before - width);
    while (found === undefined && width <= before) {
      width *= 2;
      found = tickBefore(Math.max(before - width, -1));
    }
    // From here on the last tick is `found` or lies between it and `end`.
    for (let end = before; found !== undefined && end - found >= SECOND_MS;) {
      const middle = Math.floor((found + end) / 2);
      const later: number | undefined = tickBefore(middle);
      if (later === undefined) end = middle;
      else found = later;
    }
    return found;
  }

  /**
   * The first tick from `instant` on by the clock of its period; it may lie beyond the period's
   * end.
   */
  private firstTickFrom(instant: number, { start, offset, offsetBefore }: ZonePeriod): number {
    const moved = offset - offsetBefore;
    // Put back: until the clock is where it was, a fixed time has had its tick.
    const from = moved < 0 && !this.interval ? Math.max(instant, start - moved) : instant;
    const tick = this.wallClock.next(from + offset) - offset;
    if (moved <= 0 || instant >= start + moved) return tick;
    // Put forward: for as long as was skipped, times by the old clock count too, and so nothing is
    // lost.
    const skipped = this.wallClock.next(instant + offsetBefore) - offsetBefore;
    return skipped < start + moved ? Math.min(tick, skipped) : tick;
  }
}

function checkInstant(call: string, name: string, instant: number): void {
  if (typeof instant === 'number' && Math.abs(instant) <= 8.64e15) return;
  throw new CronArgumentError(call, name, 'an instant in epoch ms', show(instant));
}

function checkOptions(dialect: CronDialect | undefined, id: string | undefined, now: number): void {
  const call = 'CronExpression.parse()';
  if (dialect !== undefined && dialect !== 'unix' && dialect !== 'quartz') {
    const near = closest(String(dialect), ['unix', 'quartz']);
    const hint = near === undefined ? undefined : `Did you mean '${near}'?`;
    throw new CronArgumentError(call, 'dialect', "'unix' or 'quartz'", show(dialect), hint);
  }
  if (id !== undefined && (typeof id !== 'string' || id === '')) {
    throw new CronArgumentError(call, 'id', 'a string that is not empty', show(id));
  }
  checkInstant(call, 'now', now);
}
