import { describe, expect, it } from 'vitest';
import { Calendar } from './calendar-functions.js';

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

type Random = ReturnType<typeof seededRandom>;

const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/Santiago',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Africa/Casablanca',
];

const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const;

const EXPRESSIONS = [
  '* * 0-7,20-23 ? * *',
  '* 10-20 * * *',
  '* * * ? * SAT',
  '30 2 * * *',
  '0 0 * * * ?',
];

function anyCalendar(random: Random, depth = 2): Calendar {
  const timeZone = ZONES[random(ZONES.length)]!;
  const time = () => `${String(random(24)).padStart(2, '0')}:${['00', '15', '31'][random(3)]}`;
  const inner = () => anyCalendar(random, depth - 1);
  const makers: (() => Calendar)[] = [
    () => Calendar.weekdays(DAYS.slice(0, 1 + random(6)), { timeZone }),
    () => Calendar.monthly([1 + random(31), 'last', 30], { timeZone }),
    () => Calendar.annual(['09-06', '10-25', '12-31', '03-29'], { timeZone }),
    () => Calendar.dailyWindow(time(), '00:07', { timeZone, invert: random(2) === 0 }),
    () => Calendar.dailyWindow('23:30', time().replace(/^23/, '22'), { timeZone }),
    () => Calendar.cron(EXPRESSIONS[random(EXPRESSIONS.length)]!, { timeZone }),
    ...(depth === 0
      ? []
      : [
          () => Calendar.anyOf(inner(), inner()),
          () => Calendar.allOf(inner(), inner()),
          () => Calendar.not(inner()),
        ]),
  ];
  return makers[random(makers.length)]!();
}

describe('every calendar', () => {
  it('excludes all that its shortcut passes over, and ends where it ends', () => {
    const seed = Number(process.env.CALENDAR_SEED ?? 20_261_126);
    const random = seededRandom(seed);
    // Around moves of clocks, where mistakes would be.
    const centres = [
      '2011-12-30',
      '2026-03-29',
      '2026-04-05',
      '2026-09-06',
      '2026-10-25',
      '2010-11-07',
    ];
    const faults: string[] = [];
    let longest = 0;
    for (let round = 0; round < 400; round += 1) {
      const calendar = anyCalendar(random);
      const from = Date.parse(centres[random(centres.length)]!) + (random(5_760) - 2_880) * MINUTE;
      const until = calendar.excludedUntil!(from);
      if (calendar.excludes(from) !== (until !== undefined)) faults.push(`round ${round}: no end`);
      if (until === undefined) continue;
      longest = Math.max(longest, until - from);
      const end = Math.min(until, from + 10 * DAY);
      for (let time = from; time < end; time += 5 * MINUTE) {
        if (!calendar.excludes(time))
          faults.push(`round ${round}: ${new Date(time).toISOString()}`);
      }
      if (!calendar.excludes(end - 1)) faults.push(`round ${round}: the last millisecond`);
    }
    expect(faults, `seed ${seed}`).toEqual([]);
    expect(longest).toBeGreaterThan(DAY);
  });
});
