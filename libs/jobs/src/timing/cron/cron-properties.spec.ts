import { describe, expect, it } from 'vitest';
import { CronExpression } from './cron-expression.js';

const MINUTE = 60_000;
const DAY = 86_400_000;

/** Mulberry32 (Tommy Ettinger): small, seeded, good enough to pick test cases. */
function seededRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** A field as text, and the values it stands for by a reading of its own. */
interface Field {
  readonly text: string;
  readonly has: (value: number) => boolean;
  readonly interval: boolean;
}

type Random = ReturnType<typeof seededRandom>;

function anyField(random: Random, min: number, max: number, stars = 3): Field {
  const size = max - min + 1;
  const [a, b] = [min + random(size), min + random(size)];
  const [low, high] = [Math.min(a, b), Math.max(a, b)];
  const step = 1 + random(Math.max(1, Math.floor(size / 3)));
  const choices: Field[] = [
    { text: `${a}`, has: (v) => v === a, interval: false },
    { text: `${a},${b}`, has: (v) => v === a || v === b, interval: false },
    { text: `${low}-${high}`, has: (v) => v >= low && v <= high, interval: true },
    { text: `*/${step}`, has: (v) => (v - min) % step === 0, interval: true },
    { text: `${a}/${step}`, has: (v) => v >= a && (v - a) % step === 0, interval: true },
    ...Array.from({ length: stars }, () => ({ text: '*', has: () => true, interval: true })),
  ];
  return choices[random(choices.length)]!;
}

interface Sample {
  readonly text: string;
  readonly interval: boolean;
  /** Whether a wall time (as if UTC) fits. */
  readonly fits: (wall: number) => boolean;
}

function anyExpression(random: Random): Sample {
  const minute = anyField(random, 0, 59, 1);
  const hour = anyField(random, 0, 23);
  const day = anyField(random, 1, 28, 6);
  const month = anyField(random, 1, 12, 6);
  const weekday = anyField(random, 0, 6, 6);
  return {
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
  };
}

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

/** Minute by minute, what the rules say: slow and plain. Clocks move once, at most, between the two. */
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

describe('random expressions', () => {
  it.each(MOVES)('run in %s around %s as a minute-by-minute search says', (timeZone, at) => {
    const random = seededRandom(Date.parse(at) / 1_000);
    const from = Date.parse(at) - 2 * DAY;
    const to = Date.parse(at) + 2 * DAY;
    for (let i = 0; i < 80; i++) {
      const sample = anyExpression(random);
      const expected = expectedTicks(sample, timeZone, from, to);
      const expression = CronExpression.parse(sample.text, { timeZone, now: 0 });
      const found = expression.take(from, expected.length + 1).filter((tick) => tick <= to);
      expect(found, `${sample.text} in ${timeZone}`).toEqual(expected);
    }
  });

  it('always go on, strictly later, on times that fit, for ten years', () => {
    const random = seededRandom(42);
    const zones = [
      'UTC',
      'Europe/Berlin',
      'Australia/Lord_Howe',
      'America/Santiago',
      'Africa/Casablanca',
    ];
    const end = Date.UTC(2036, 0, 1);
    for (let i = 0; i < 100; i++) {
      const sample = anyExpression(random);
      const timeZone = zones[random(zones.length)]!;
      const offsetAt = offsetReader(timeZone);
      const expression = CronExpression.parse(sample.text, { timeZone });
      let last = Date.UTC(2026, 0, 1) + random(DAY);
      while (last < end) {
        const tick = expression.next(last)!;
        expect(tick, `of ${sample.text}`).toBeGreaterThan(last);
        const wall = tick + offsetAt(tick);
        // Within the width of a move, a skipped time may fit in its place.
        const old = tick + offsetAt(tick - DAY);
        expect(sample.fits(wall) || sample.fits(old), `${sample.text} ${timeZone} ${tick}`).toBe(
          true,
        );
        // Days further on, so that each of ten years is seen; never past a tick that must be found.
        last = tick + random(20) * DAY;
      }
    }
  });

  it('are found from anywhere: asking in steps or at once gives the same', () => {
    const random = seededRandom(7);
    for (let i = 0; i < 200; i++) {
      const { text } = anyExpression(random);
      const expression = CronExpression.parse(text, { timeZone: 'America/New_York' });
      const start = Date.UTC(2026, random(12), 1 + random(28));
      const tick = expression.next(start)!;
      expect(expression.next(tick - 1)).toBe(tick);
      expect(expression.next(start + Math.floor((tick - start - 1) / 2))).toBe(tick);
      expect(expression.previous(tick + 1)).toBe(tick);
    }
  });
});

describe('speed', () => {
  // Some hundred times what it takes, so that it fails for a search that ticks, not for a busy machine.
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
