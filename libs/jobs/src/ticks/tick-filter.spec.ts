import { describe, expect, it, vi } from 'vitest';
import { Calendar } from '../calendars/index.js';
import { CalendarAnswerError } from '../errors/index.js';
import { withoutExcluded } from './tick-filter.js';
import type { TickSource } from './tick-series.js';

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
  withoutExcluded(source, new Map([['mine', calendar]]));

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
    expect(filter(source, calendar).next(FRIDAY_NIGHT)).toBe(MONDAY);
    // Not 172,800.
    expect(source.asked).toBe(2);
  });

  it('steps through what has no shortcut', () => {
    const source = secondly();
    const hour = Calendar.where((date) => date.getUTCHours() === 0);
    expect(filter(source, hour).next(MONDAY - 1)).toBe(MONDAY + 3_600_000);
    expect(source.asked).toBe(3_601);
  });

  it('gives up after 100,000 ticks, and goes on from there, so that it has its next tick', () => {
    const source = secondly();
    const ticks = filter(source, Calendar.where(weekends));
    expect(ticks.next(FRIDAY_NIGHT)).toBeUndefined();
    expect(source.asked).toBe(100_000);
    expect(ticks.next(FRIDAY_NIGHT)).toBe(MONDAY);
    expect(source.asked).toBe(172_801);
  });

  it('keeps what it has searched when it is asked from within it', () => {
    const source = secondly();
    const ticks = filter(
      source,
      Calendar.where((date) => date.getTime() < MONDAY + 2 * DAY),
    );
    for (const after of [FRIDAY_NIGHT, FRIDAY_NIGHT + 5_000, FRIDAY_NIGHT]) {
      expect(ticks.next(after)).toBeUndefined();
    }
    expect(ticks.next(FRIDAY_NIGHT)).toBe(MONDAY + 2 * DAY);
    expect(source.asked).toBe(4 * 86_400 + 1);
  });

  it('does not take up what it gave up where it does not belong', () => {
    const ticks = filter(secondly(), Calendar.where(weekends));
    expect(ticks.next(FRIDAY_NIGHT)).toBeUndefined();
    expect(ticks.next(FRIDAY_NIGHT - 1_000)).toBe(FRIDAY_NIGHT);
    expect(ticks.next(MONDAY)).toBe(MONDAY + 1_000);
    expect(ticks.next(MONDAY - 2_000)).toBe(MONDAY);
  });
});

describe('calendars that exclude everything', () => {
  it.each<[what: string, calendar: Calendar, atMost: number]>([
    ['by a predicate', Calendar.where(() => true), 100_000],
    ['for ever', Calendar.not(Calendar.cron('* * * * * ? 2020')), 2],
    [
      'in turns',
      Calendar.anyOf(Calendar.weekdays(['MON']), Calendar.not(Calendar.weekdays(['MON']))),
      10_000,
    ],
    ['by a shortcut to nowhere', { excludes: () => true, excludedUntil: () => Infinity }, 2],
  ])('leave no tick, and cost no more than so much: %s', (_what, calendar, atMost) => {
    const source = secondly();
    expect(filter(source, calendar).next(MONDAY)).toBeUndefined();
    expect(source.asked).toBeLessThanOrEqual(atMost);
  });

  it('end with the year 9999', () => {
    const excludes = vi.fn<(time: number) => boolean>(() => true);
    const daily: TickSource = { next: (after) => (Math.floor(after / DAY) + 1) * DAY };
    const ticks = filter(daily, { excludes });
    const end = Date.UTC(10_000, 0, 1);
    expect(ticks.next(end - 3 * DAY)).toBeUndefined();
    expect(excludes.mock.calls).toEqual([[end - 2 * DAY], [end - DAY]]);
  });
});

describe('a calendar of the application', () => {
  it.each([undefined, 0, -5, Number.NaN, 1_500, 2_000])('may say %s for its end', (end) => {
    const calendar = { excludes: (time: number) => time < 3_000, excludedUntil: () => end };
    expect(filter(secondly(), calendar).next(0)).toBe(3_000);
  });

  it.each<[what: string, excludes: () => unknown, message: string]>([
    [
      'throws',
      () => {
        throw new Error('no holidays loaded');
      },
      'Expected the calendar "mine" to say true or false about 1970-01-01T00:00:01.000Z, got the error "no holidays loaded"',
    ],
    ['answers later', () => Promise.resolve(true), 'got an object'],
    ['does not answer', () => undefined, 'got undefined. A calendar must answer at once'],
  ])('that %s is named', (_what, excludes, message) => {
    const ticks = filter(secondly(), { excludes: excludes as () => boolean });
    expect(() => ticks.next(0)).toThrow(CalendarAnswerError);
    expect(() => ticks.next(0)).toThrow(message);
  });
});
