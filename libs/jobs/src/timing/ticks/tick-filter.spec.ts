import { describe, expect, it, vi } from 'vitest';
import { Calendar } from '../calendars/index.js';
import { CalendarAnswerError } from '../../errors/index.js';
import { goOn } from './search.js';
import { FilteredTicks } from './tick-filter.js';
import { nextLook, type TickSource } from './tick-series.js';

const DAY = 86_400_000;
const FRIDAY_NIGHT = Date.parse('2026-11-27T23:59:59Z');
const MONDAY = Date.parse('2026-11-30T00:00:00Z');

/** Each second; counts how often it is asked. */
function secondly(): TickSource & { asked: number } {
  return {
    asked: 0,
    next(after) {
      this.asked += 1;
      return (Math.floor(after / 1_000) + 1) * 1_000;
    },
  };
}

const filter = (source: TickSource, calendar: Calendar) =>
  new FilteredTicks(source, new Map([['mine', calendar]]));

/** The next tick, searched for without a pause. */
function nextOf(ticks: FilteredTicks, after: number): number | undefined {
  const search = ticks.search(after);
  for (;;) {
    const { done, value } = search.next();
    if (done) return value;
  }
}

/** Takes so long, in ms, and says yes. */
function spend(ms: number): true {
  for (const end = performance.now() + ms; performance.now() < end;);
  return true;
}

const weekends = (date: Date) => date.getUTCDay() % 6 === 0;

describe('a schedule of each second', () => {
  it.each<[what: string, calendar: Calendar]>([
    ['weekdays', Calendar.weekdays(['SAT', 'SUN'])],
    [
      'all but the working week',
      Calendar.not(Calendar.weekdays(['MON', 'TUE', 'WED', 'THU', 'FRI'])),
    ],
    ['a cron expression', Calendar.cron('* * * ? * SAT,SUN')],
    ['dates', Calendar.dates(['2026-11-28', '2026-11-29'])],
    [
      'one calendar after the other',
      Calendar.anyOf(Calendar.weekdays(['SAT']), Calendar.weekdays(['SUN'])),
    ],
  ])('passes over a weekend in one step: %s', (_what, calendar) => {
    const source = secondly();
    expect(nextOf(filter(source, calendar), FRIDAY_NIGHT)).toBe(MONDAY);
    // Not 172,800.
    expect(source.asked).toBe(2);
  });

  it('steps through what has no shortcut', () => {
    const source = secondly();
    const hour = Calendar.where((date) => date.getUTCHours() === 0);
    const search = filter(source, hour).search(MONDAY - 1);
    expect(goOn(search, Infinity)).toEqual({ found: MONDAY + 3_600_000 });
    expect(source.asked).toBe(3_601);
  });

  it('gives up after a turn, and goes on from there, so that it has its next tick', () => {
    const source = secondly();
    const slow = Calendar.where((date) => spend(0.001) && weekends(date));
    const ticks = filter(source, slow);
    let turns = 0;
    let tick: number | undefined;
    for (; tick === undefined; turns += 1) tick = ticks.next(FRIDAY_NIGHT);
    expect(tick).toBe(MONDAY);
    expect(turns).toBeGreaterThan(5);
    // None was asked for twice.
    expect(source.asked).toBe(172_801);
  });

  it('keeps what it has searched when it is asked from within it', () => {
    const source = secondly();
    const ticks = filter(
      source,
      Calendar.where((date) => spend(0.001) && date.getTime() < MONDAY),
    );
    let tick: number | undefined;
    for (let turn = 0; tick === undefined; turn += 1) {
      tick = ticks.next(FRIDAY_NIGHT + (turn % 2) * 5_000);
    }
    expect(tick).toBe(MONDAY);
    expect(source.asked).toBe(172_801);
  });

  it('says up to when there is none, so that nobody looks before', () => {
    const ticks = filter(
      secondly(),
      Calendar.where(() => spend(0.1)),
    );
    const look = nextLook(ticks, MONDAY);
    expect(look).toBeGreaterThan(MONDAY);
    expect(look).toBeLessThan(MONDAY + DAY);
    expect(nextLook(ticks, MONDAY)).toBeGreaterThan(look);
    expect(nextLook(secondly(), MONDAY)).toBe(MONDAY + 1_000);
    expect(nextLook({ next: () => undefined }, MONDAY)).toBe(Infinity);
  });

  it('looks no further than it is asked to', () => {
    const source = secondly();
    const ticks = filter(
      source,
      Calendar.where(() => true),
    );
    expect(goOn(ticks.search(MONDAY, MONDAY + 10_000))).toEqual({ found: undefined });
    expect(source.asked).toBe(11);
    expect(ticks.emptyUntil(MONDAY)).toBe(MONDAY + 10_000);
  });

  it('does not take up what it gave up where it does not belong', () => {
    const ticks = filter(secondly(), Calendar.where(weekends));
    expect(goOn(ticks.search(FRIDAY_NIGHT), 0)).toBeUndefined();
    expect(nextOf(ticks, FRIDAY_NIGHT - 1_000)).toBe(FRIDAY_NIGHT);
    expect(nextOf(ticks, MONDAY)).toBe(MONDAY + 1_000);
    expect(nextOf(ticks, MONDAY - 2_000)).toBe(MONDAY);
  });
});

describe('calendars that exclude everything', () => {
  const seasons = { timeZone: 'Europe/Berlin' };
  const monday = Calendar.weekdays(['MON'], seasons);

  it.each<[what: string, calendar: Calendar]>([
    ['by a predicate', Calendar.where(() => true)],
    ['for ever', Calendar.not(Calendar.cron('* * * * * ? 2020'))],
    ['in turns', Calendar.anyOf(monday, Calendar.not(monday))],
    [
      'in short turns',
      Calendar.anyOf(Calendar.cron('0 * * * * *'), Calendar.cron('1-59 * * * * *')),
    ],
    ['by a shortcut to nowhere', { excludes: () => true, excludedUntil: () => Infinity }],
  ])('leave no tick, and hold nobody up: %s', (_what, calendar) => {
    const ticks = filter(secondly(), calendar);
    const before = process.threadCpuUsage();
    for (let asked = 0; asked < 5; asked += 1) expect(ticks.next(MONDAY)).toBeUndefined();
    // Five turns, of 10 ms each: not the seconds that all of them would take.
    const { user, system } = process.threadCpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(1_000);
  });

  it('end with the year 9999', () => {
    const excludes = vi.fn<(time: number) => boolean>(() => true);
    const daily: TickSource = { next: (after) => (Math.floor(after / DAY) + 1) * DAY };
    const ticks = filter(daily, { excludes });
    const end = Date.UTC(10_000, 0, 1);
    expect(goOn(ticks.search(end - 3 * DAY), Infinity)).toEqual({ found: undefined });
    expect(excludes.mock.calls).toEqual([[end - 2 * DAY], [end - DAY]]);
  });
});

describe('a calendar of the application', () => {
  it.each([undefined, 0, -5, Number.NaN, 1_500, 2_000])('may say %s for its end', (end) => {
    const calendar = { excludes: (time: number) => time < 3_000, excludedUntil: () => end };
    expect(nextOf(filter(secondly(), calendar), 0)).toBe(3_000);
  });

  it.each<[what: string, excludes: () => unknown, message: string]>([
    [
      'throws',
      () => {
        throw new Error('no holidays loaded');
      },
      'Expected the calendar "mine" to say true or false about 1970-01-01T00:00:01.000Z, got the error "no holidays loaded"',
    ],
    ['answers later', () => Promise.resolve(true), 'got a Promise'],
    ['does not answer', () => undefined, 'got undefined. A calendar must answer at once'],
  ])('that %s is named', (_what, excludes, message) => {
    const ticks = filter(secondly(), { excludes: excludes as () => boolean });
    expect(() => ticks.next(0)).toThrow(CalendarAnswerError);
    expect(() => ticks.next(0)).toThrow(message);
  });
});
