import { UnknownTimeZoneError } from '../../errors/index.js';
import { closest, show } from '../../options/index.js';

/** A stretch of time in which a zone's clocks keep one distance from UTC. @internal */
export interface ZonePeriod {
  /** First instant, epoch ms. Clocks were moved here if `offsetBefore` differs from `offset`. */
  readonly start: number;
  /** First instant after it. */
  readonly end: number;
  /** What is added to an instant to get wall time, in ms. */
  readonly offset: number;
  /** The offset up to `start`. */
  readonly offsetBefore: number;
}

const DAY_MS = 86_400_000;
/**
 * No zone has moved its clocks twice within less than a week since 1970, nor will by the database's
 * predictions, so probing every three days misses nothing.
 */
const PROBE_MS = 3 * DAY_MS;
const BLOCK_MS = 120 * PROBE_MS;
/**
 * Clocks move by a day at most, so a move that still matters at a block's start lies within this.
 */
const LOOK_BACK_MS = PROBE_MS;

/** Twice what the database has names; upper and lower case could make ever more. */
const MAX_SPELLINGS = 1_200;

const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/;

/**
 * The clock of a time zone. Knows nothing but `Intl`, which is asked for the offset at an instant;
 * where it changes is found by bisection, once for each block of about a year, and kept.
 * @internal
 */
export class ZoneClock {
  private static readonly clocks = new Map<string, ZoneClock>();

  private readonly blocks = new Map<number, readonly ZonePeriod[]>();
  private latest: ZonePeriod;

  private constructor(
    private readonly format: Intl.DateTimeFormat,
    isUtc: boolean,
  ) {
    this.latest = isUtc ? { start: -Infinity, end: Infinity, offset: 0, offsetBefore: 0 } : NEVER;
  }

  /**
   * The clock of a zone, shared by all who ask for it.
   * @throws UnknownTimeZoneError
   */
  static of(timeZone: string): ZoneClock {
    let clock = this.clocks.get(timeZone);
    if (clock === undefined) {
      const format = openFormat(timeZone);
      // Names have other spellings ("utc", "Asia/Kolkata" for what Intl calls Asia/Calcutta): one
      // clock for all.
      const name = format.resolvedOptions().timeZone;
      clock = this.clocks.get(name) ?? new ZoneClock(format, name === 'UTC');
      this.clocks.set(name, clock);
      if (this.clocks.size < MAX_SPELLINGS) this.clocks.set(timeZone, clock);
    }
    return clock;
  }

  /**
   * The period that an instant lies in. A period that is longer than a block may come in pieces.
   */
  periodAt(instant: number): ZonePeriod {
    const { latest } = this;
    if (instant >= latest.start && instant < latest.end) return latest;
    const block = Math.floor(instant / BLOCK_MS);
    let periods = this.blocks.get(block);
    if (periods === undefined) {
      periods = this.probe(block * BLOCK_MS, (block + 1) * BLOCK_MS);
      this.blocks.set(block, periods);
    }
    return (this.latest = periods.find((period) => instant < period.end) ?? latest);
  }

  private probe(blockStart: number, blockEnd: number): ZonePeriod[] {
    const periods: ZonePeriod[] = [];
    let start = blockStart - LOOK_BACK_MS;
    let offset = this.offsetAt(start);
    let offsetBefore = offset;
    for (let probe = blockStart; probe <= blockEnd; probe += PROBE_MS) {
      const next = this.offsetAt(probe);
      if (next === offset) continue;
      const end = this.findMove(probe - PROBE_MS, probe, offset);
      if (end > blockStart && end < blockEnd) periods.push({ start, end, offset, offsetBefore });
      if (end < blockEnd) [start, offsetBefore, offset] = [end, offset, next];
    }
    periods.push({ start, end: blockEnd, offset, offsetBefore });
    return periods;
  }

  /** The first second after `from` and not after `to` whose offset is not `offset`. */
  private findMove(from: number, to: number, offset: number): number {
    let [same, moved] = [from / 1_000, to / 1_000];
    while (moved - same > 1) {
      const middle = Math.floor((same + moved) / 2);
      if (this.offsetAt(middle * 1_000) === offset) same = middle;
      else moved = middle;
    }
    return moved * 1_000;
  }

  private offsetAt(instant: number): number {
    const [, sign, hours, minutes, seconds] = OFFSET.exec(this.format.format(instant)) ?? [];
    const size = Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
    return (sign === '-' ? -size : size) * 1_000;
  }
}

const NEVER: ZonePeriod = { start: 0, end: 0, offset: 0, offsetBefore: 0 };

const NO_OFFSET =
  ' An offset knows no summer time: give the name of a place; or, for a fixed offset of whole hours, the one that IANA ' +
  'has for it: "Etc/GMT-5" is five hours ahead of UTC.';

function openFormat(timeZone: unknown): Intl.DateTimeFormat {
  if (typeof timeZone !== 'string') throw new UnknownTimeZoneError(show(timeZone));
  // Intl takes it, and its clocks would never be moved: who writes it means a place, as a rule.
  if (/^\s*[+-]/.test(timeZone))
    throw new UnknownTimeZoneError(show(timeZone), undefined, NO_OFFSET);
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
  } catch {
    throw new UnknownTimeZoneError(show(timeZone), suggestZone(timeZone));
  }
}

/** The zone of that city, else the nearest spelling. */
function suggestZone(timeZone: string): string | undefined {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')];
  const city = timeZone.trim().replaceAll(' ', '_').toLowerCase();
  return zones.find((zone) => zone.toLowerCase().endsWith(`/${city}`)) ?? closest(timeZone, zones);
}
