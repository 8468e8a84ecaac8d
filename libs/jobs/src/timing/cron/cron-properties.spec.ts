import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CronExpression } from './cron-expression.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** A field as text, and the values it stands for by a reading of its own. */
interface Field {
  readonly text: string;
  readonly has: (value: number) => boolean;
  readonly interval: boolean;
}

/** @param stars how often a field is `*`, of as many and five */
function anyField(min: number, max: number, stars = 3): fc.Arbitrary<Field> {
  const value = fc.integer({ min, max });
  const step = fc.integer({ min: 1, max: Math.max(1, Math.floor((max - min + 1) / 3)) });
  const two = fc.tuple(value, value);
  return fc.oneof(
    value.map((a): Field => ({ text: `${a}`, has: (v) => v === a, interval: false })),
    two.map(([a, b]): Field => ({
      text: `${a},${b}`,
      has: (v) => v === a || v === b,
      interval: false,
    })),
    two.map((both): Field => {
      const [low, high] = [Math.min(...both), Math.max(...both)];
      return { text: `${low}-${high}`, has: (v) => v >= low && v <= high, interval: true };
    }),
    step.map((n): Field => ({
      text: `*/${n}`,
      has: (v) => (v - min) % n === 0,
      interval: true,
    })),
    fc.tuple(value, step).map(([a, n]): Field => ({
      text: `${a}/${n}`,
      has: (v) => v >= a && (v - a) % n === 0,
      interval: true,
    })),
    {
      weight: stars,
      arbitrary: fc.constant<Field>({ text: '*', has: () => true, interval: true }),
    },
  );
}

interface Sample {
  readonly text: string;
  readonly interval: boolean;
  /** Whether a wall time (as if UTC) fits. */
  readonly fits: (wall: number) => boolean;
}

const anyExpression: fc.Arbitrary<Sample> = fc
  .record({
    minute: anyField(0, 59, 1),
    hour: anyField(0, 23),
    day: anyField(1, 28, 6),
    month: anyField(1, 12, 6),
    weekday: anyField(0, 6, 6),
  })
  .map(({ minute, hour, day, month, weekday }) => ({
    text: [minute, hour, day, month, weekday].map((field) => field.text).join(' '),
    interval: minute.interval || hour.interval,
    fits: (wall) => {
      const date = new Date(wall);
      const [inMonth, inWeek] = [day.has(date.getUTCDate()), weekday.has(date.getUTCDay())];
      const union = day.text !== '*' && weekday.text !== '*';
      return (
        minute.has(date.getUTCMinutes()) &&
        hour.has(date.getUTCHours()) &&
        month.has(date.getUTCMonth() + 1) &&
        (union ? inMonth || inWeek : inMonth && inWeek)
      );
    },
  }));

/** The offset of a zone at an instant, by another way than the code under test takes. */
function offsetReader(timeZone: string): (instant: number) => number {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  return (instant) => Date.parse(`${format.format(instant).replace(', ', 'T')}Z`) - instant;
}

/**
 * Minute by minute, what the rules say: slow and plain. Clocks move once, at most, between the two.
 */
function expectedTicks(sample: Sample, timeZone: string, from: number, to: number): number[] {
  const offsetAt = offsetReader(timeZone);
  const [before, after] = [offsetAt(from), offsetAt(to)];
  const ticks = new Set<number>();
  for (
    let wall = from + Math.min(before, after);
    wall <= to + Math.max(before, after);
    wall += MINUTE
  ) {
    if (!sample.fits(wall)) continue;
    const instants = [...new Set([wall - before, wall - after])]
      .filter((instant) => instant + offsetAt(instant) === wall)
      .toSorted((a, b) => a - b);
    // Skipped: by the old clock, which makes it later by the move.
    if (instants.length === 0) instants.push(wall - before);
    for (const instant of sample.interval ? instants : instants.slice(0, 1)) ticks.add(instant);
  }
  return [...ticks].filter((tick) => tick > from && tick <= to).toSorted((a, b) => a - b);
}

const MOVES: readonly (readonly [timeZone: string, at: string])[] = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/Santiago', '2026-09-06T04:00Z'],
  ['America/Santiago', '2026-04-05T03:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00Z'],
  ['Pacific/Kiritimati', '1994-12-31T10:00Z'],
  ['Asia/Kolkata', '2026-03-29T01:00Z'],
  // By three hours; and by one after years without a move.
  ['Antarctica/Casey', '2018-03-10T17:00Z'],
  ['America/Metlakatla', '2015-11-01T10:00Z'],
];

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Africa/Casablanca',
];

describe('random expressions', () => {
  it.each(MOVES)('run in %s around %s as a minute-by-minute search says', (timeZone, at) => {
    const from = Date.parse(at) - 2 * DAY;
    const to = Date.parse(at) + 2 * DAY;
    const property = fc.property(anyExpression, (sample) => {
      const expected = expectedTicks(sample, timeZone, from, to);
      const expression = CronExpression.parse(sample.text, { timeZone, now: 0 });
      const found = expression.take(from, expected.length + 1).filter((tick) => tick <= to);
      expect(found).toEqual(expected);
    });
    fc.assert(property, { seed: Date.parse(at) / 1_000, numRuns: 80 });
  });

  it('always go on, strictly later, on times that fit, for ten years', () => {
    const end = Date.UTC(2036, 0, 1);
    const zone = fc.constantFrom(...ZONES);
    // Days further on, so that each of ten years is seen; never past a tick that must be found.
    const stepsInDays = fc.infiniteStream(fc.nat(19));
    const property = fc.property(
      anyExpression,
      zone,
      fc.nat(DAY),
      stepsInDays,
      (sample, timeZone, offset, steps) => {
        const offsetAt = offsetReader(timeZone);
        const expression = CronExpression.parse(sample.text, { timeZone });
        let last = Date.UTC(2026, 0, 1) + offset;
        while (last < end) {
          const tick = expression.next(last)!;
          expect(tick).toBeGreaterThan(last);
          const wall = tick + offsetAt(tick);
          // Within the width of a move, a skipped time may fit in its place.
          const old = tick + offsetAt(tick - DAY);
          expect(sample.fits(wall) || sample.fits(old), `${tick}`).toBe(true);
          last = tick + (steps.next().value as number) * DAY;
        }
      },
    );
    fc.assert(property, { seed: 42, numRuns: 100 });
  });

  it('are found from anywhere: asking in steps or at once gives the same', () => {
    const start = fc
      .tuple(fc.nat(11), fc.integer({ min: 1, max: 28 }))
      .map(([month, day]) => Date.UTC(2026, month, day));
    const property = fc.property(anyExpression, start, ({ text }, from) => {
      const expression = CronExpression.parse(text, { timeZone: 'America/New_York' });
      const tick = expression.next(from)!;
      expect(expression.next(tick - 1)).toBe(tick);
      expect(expression.next(from + Math.floor((tick - from - 1) / 2))).toBe(tick);
      expect(expression.previous(tick + 1)).toBe(tick);
    });
    fc.assert(property, { seed: 7, numRuns: 200 });
  });
});

describe('speed', () => {
  // Some hundred times what it takes, so that it fails for a search that ticks, not for a busy
  // machine.
  it.each(['* * * * * *', '0 9 * * MON-FRI', '0 0 0 29 2 ?', '0 0 * FEB SUN#5', '0 0 LW-2 12 *'])(
    '%s: a thousand ticks come within 300 ms',
    (text) => {
      const expression = CronExpression.parse(text, { timeZone: 'Europe/Berlin' });
      expression.take(Date.UTC(2026, 0, 1), 1_000);
      const start = performance.now();
      expression.take(Date.UTC(2026, 0, 1), 1_000);
      expect(performance.now() - start).toBeLessThan(300);
    },
  );
});
