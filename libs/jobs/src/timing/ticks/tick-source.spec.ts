import { describe, expect, it } from 'vitest';
import { Calendar } from '../calendars/index.js';
import { InvalidCronError, UnknownTimeZoneError } from '../../errors/index.js';
import type { TickSource } from './tick-series.js';
import { createTickSource } from './tick-source.js';
import type { Timing } from './timing.js';

const at = (text: string) => Date.parse(`${text}Z`);

const CALENDARS = new Map<string, Calendar>([
  ['weekend', Calendar.weekdays(['SAT', 'SUN'])],
  ['night', Calendar.dailyWindow('20:00', '08:00')],
  ['holidays', Calendar.dates(['2026-11-27'])],
]);

function sourceOf(timing: Timing, definedAt = 0): TickSource {
  return createTickSource(timing, { id: 'report', definedAt, calendars: CALENDARS });
}

function take(source: TickSource, after: number, count: number): number[] {
  const ticks: number[] = [];
  let tick = source.next(after);
  while (tick !== undefined && ticks.length < count) {
    ticks.push(tick);
    tick = source.next(tick);
  }
  return ticks;
}

describe('a series of ticks', () => {
  // 2026-11-26 is a Thursday.
  it.each<[what: string, timing: Timing, after: string, expected: readonly string[]]>([
    [
      'of a cron expression, in its zone',
      { cron: '0 9 * * *', timeZone: 'Asia/Tokyo' },
      '2026-11-26T00:00',
      ['2026-11-27T00:00', '2026-11-28T00:00', '2026-11-29T00:00'],
    ],
    [
      'in its dialect',
      { cron: '0 0 9 * * 1', dialect: 'unix' },
      '2026-11-26T00:00',
      ['2026-11-30T09:00', '2026-12-07T09:00', '2026-12-14T09:00'],
    ],
    [
      'without excluded days',
      { cron: '0 9 * * *', calendars: ['weekend'] },
      '2026-11-26T00:00',
      ['2026-11-26T09:00', '2026-11-27T09:00', '2026-11-30T09:00'],
    ],
    [
      'without what any of several calendars excludes',
      { cron: '0 */6 * * *', calendars: ['weekend', 'night', 'holidays'] },
      '2026-11-26T00:00',
      ['2026-11-26T12:00', '2026-11-26T18:00', '2026-11-30T12:00'],
    ],
    [
      'with a tick at the very end of an exclusion',
      { everyMs: 3_600_000, calendars: ['night'] },
      '2026-11-26T18:00',
      ['2026-11-26T19:00', '2026-11-27T08:00', '2026-11-27T09:00'],
    ],
    [
      'from its start, which is a tick, if it is one',
      { cron: '0 9 * * *', startAt: at('2026-11-28T09:00') },
      '2026-11-26T00:00',
      ['2026-11-28T09:00', '2026-11-29T09:00', '2026-11-30T09:00'],
    ],
    [
      'to its end, which is one, too',
      { cron: '0 9 * * *', endAt: at('2026-11-27T09:00') },
      '2026-11-26T00:00',
      ['2026-11-26T09:00', '2026-11-27T09:00'],
    ],
    [
      'of an interval from its start',
      { everyMs: 90_000, startAt: at('2026-11-26T12:00:10') },
      '2026-11-26T00:00',
      ['2026-11-26T12:00:10', '2026-11-26T12:01:40', '2026-11-26T12:03:10'],
    ],
    ['that is over', { cron: '0 9 * * *', endAt: at('2026-11-25') }, '2026-11-26T00:00', []],
    [
      'with a start within an exclusion',
      { everyMs: 3_600_000, startAt: at('2026-11-28T12:30'), calendars: ['weekend'] },
      '2026-11-26T00:00',
      ['2026-11-30T00:30', '2026-11-30T01:30', '2026-11-30T02:30'],
    ],
    [
      'with an end within an exclusion',
      { cron: '0 12 * * *', endAt: at('2026-11-29'), calendars: ['weekend'] },
      '2026-11-26T00:00',
      ['2026-11-26T12:00', '2026-11-27T12:00'],
    ],
  ])('%s', (_what, timing, after, expected) => {
    const ticks = take(sourceOf(timing), at(after), 3);
    expect(ticks.map((tick) => new Date(tick).toISOString())).toEqual(
      expected.map((time) => new Date(at(time)).toISOString()),
    );
  });

  it('of an interval counts from when it was stored, and never drifts', () => {
    const source = sourceOf({ everyMs: 100 }, 1_007);
    expect(take(source, 0, 3)).toEqual([1_107, 1_207, 1_307]);
    expect(source.next(1_106)).toBe(1_107);
    expect(source.next(1_107)).toBe(1_207);
    expect(source.next(1_000_050)).toBe(1_000_107);
  });

  it.each<[what: string, timing: Timing, expected: number[]]>([
    ['longer than time', { everyMs: Number.MAX_SAFE_INTEGER }, []],
    [
      'to the last date that there is',
      { everyMs: 1e15 },
      [1e15, 2e15, 3e15, 4e15, 5e15, 6e15, 7e15, 8e15],
    ],
    ['from the last date that there is', { everyMs: 5, startAt: 8.64e15 }, [8.64e15]],
    ['of an expression from there', { cron: '* * * * *', startAt: 8.64e15 }, []],
    [
      'of an expression to there',
      { cron: '0 0 0 1 1 ? 9999', endAt: 8.64e15 },
      [Date.UTC(9999, 0, 1)],
    ],
    [
      'longer than time, with a calendar',
      { everyMs: Number.MAX_SAFE_INTEGER, calendars: ['night'] },
      [],
    ],
  ])('has no tick that is no date: %s', (_what, timing, expected) => {
    expect(take(sourceOf(timing), 0, 10)).toEqual(expected);
  });

  it('has H from the id', () => {
    const tick = sourceOf({ cron: 'H H * * *' }).next(0);
    const other = createTickSource(
      { cron: 'H H * * *' },
      { id: 'other', definedAt: 0, calendars: CALENDARS },
    ).next(0);
    expect(tick).toBe(sourceOf({ cron: 'H H * * *' }).next(0));
    expect(tick).not.toBe(other);
  });

  it('that was stored and cannot be read says why', () => {
    expect(() => sourceOf({ cron: '61 * * * *' })).toThrow(InvalidCronError);
    expect(() => sourceOf({ cron: '@daily', timeZone: 'Mars/Base' })).toThrow(UnknownTimeZoneError);
    // One that is over by now is none: its missed ticks may be left.
    expect(sourceOf({ cron: '0 0 0 1 1 ? 2020' }).next(at('2019-06-01'))).toBe(at('2020-01-01'));
  });
});
