import { describe, expect, it, vi } from 'vitest';
import { CalendarAnswerError, InvalidCalendarError } from '../../errors/index.js';
import { Calendar } from './calendar-functions.js';

const at = (text: string) => Date.parse(`${text}Z`);

const weekend = Calendar.weekdays(['SAT', 'SUN']);
const monday = Calendar.weekdays(['MON']);
const night = Calendar.dailyWindow('22:00', '06:00');
const always = Calendar.where(() => true);
const slowWeekend = Calendar.where((date) => date.getUTCDay() % 6 === 0);
const never = Calendar.where(() => false);

// 2026-11-27 is a Friday.
describe('a combined calendar', () => {
  it.each<[what: string, calendar: Calendar, time: string, end: string | undefined | false]>([
    ['anyOf: one of them', Calendar.anyOf(weekend, night), '2026-11-28T12:00', '2026-11-30T06:00'],
    ['anyOf: the other', Calendar.anyOf(weekend, night), '2026-11-26T23:00', '2026-11-27T06:00'],
    ['anyOf: none', Calendar.anyOf(weekend, night), '2026-11-27T12:00', false],
    ['anyOf: in turns', Calendar.anyOf(weekend, monday), '2026-11-28T12:00', '2026-12-01T00:00'],
    [
      'anyOf: night into weekend',
      Calendar.anyOf(weekend, night),
      '2026-11-27T22:00',
      '2026-11-30T06:00',
    ],
    [
      'anyOf: never matters not',
      Calendar.anyOf(weekend, never),
      '2026-11-28T00:00',
      '2026-11-30T00:00',
    ],
    [
      'anyOf: the one that lasts longest',
      Calendar.anyOf(slowWeekend, weekend, slowWeekend),
      '2026-11-28T12:00',
      '2026-11-30T00:00',
    ],
    ['allOf: both', Calendar.allOf(weekend, night), '2026-11-28T23:00', '2026-11-29T06:00'],
    ['allOf: one alone', Calendar.allOf(weekend, night), '2026-11-28T12:00', false],
    [
      'allOf: both until one ends',
      Calendar.allOf(weekend, night),
      '2026-11-29T23:00',
      '2026-11-30T00:00',
    ],
    ['not: excluded there', Calendar.not(weekend), '2026-11-28T12:00', false],
    ['not: the working week', Calendar.not(weekend), '2026-11-23T00:00', '2026-11-28T00:00'],
    ['not: not', Calendar.not(Calendar.not(weekend)), '2026-11-28T00:00', '2026-11-30T00:00'],
    [
      'not: of a combination',
      Calendar.not(Calendar.anyOf(weekend, night)),
      '2026-11-27T06:00',
      '2026-11-27T22:00',
    ],
    [
      'not: of allOf',
      Calendar.not(Calendar.allOf(weekend, night)),
      '2026-11-29T06:00',
      '2026-11-29T22:00',
    ],
    [
      'cron, turned round',
      Calendar.not(Calendar.cron('0 0 12 * * ?')),
      '2026-11-27T12:00:01',
      '2026-11-28T12:00',
    ],
    ['where: no shortcut', always, '2026-11-27T12:00', undefined],
    ['where: false', never, '2026-11-27T12:00', false],
  ])('%s', (_what, calendar, time, end) => {
    expect(calendar.excludes(at(time))).toBe(end !== false);
    const until = calendar.excludedUntil?.(at(time));
    expect(until).toBe(typeof end === 'string' ? at(end) : undefined);
  });

  it('excludes for ever when nothing is left', () => {
    expect(Calendar.not(Calendar.cron('* * * * * ? 2020')).excludedUntil!(at('2026-11-27'))).toBe(
      Infinity,
    );
    const all = Calendar.anyOf(weekend, Calendar.not(weekend));
    expect(all.excludedUntil!(at('2026-11-27'))).toBeGreaterThan(at('2027-11-27'));
  });

  it('asks a predicate once, with the date', () => {
    const predicate = vi.fn<(date: Date) => boolean>((date) => date.getUTCHours() === 12);
    const calendar = Calendar.where(predicate);
    expect(calendar.excludes(at('2026-11-27T12:00'))).toBe(true);
    expect(calendar.excludes(at('2026-11-27T13:00'))).toBe(false);
    expect(predicate.mock.calls).toEqual([
      [new Date(at('2026-11-27T12:00'))],
      [new Date(at('2026-11-27T13:00'))],
    ]);
  });

  it('does not go on in steps of a millisecond', () => {
    const predicate = vi.fn<() => boolean>(() => true);
    expect(Calendar.anyOf(Calendar.where(predicate)).excludedUntil!(5)).toBe(6);
    expect(predicate).toHaveBeenCalledOnce();
  });

  it('takes calendars that users made, and does not trust their shortcuts blindly', () => {
    const mine = (end: number | undefined) => ({
      excludes: (time: number) => time < 1_000,
      excludedUntil: () => end,
    });
    const until = (end: number | undefined) => Calendar.anyOf(mine(end), never).excludedUntil!(10);
    expect(until(1_000)).toBe(1_000);
    expect([until(undefined), until(10), until(5), until(Number.NaN)]).toEqual([11, 11, 11, 11]);
  });

  it('names the predicate that says neither true nor false', () => {
    const calendar = Calendar.where((() => Promise.resolve(true)) as never);
    expect(() => calendar.excludes(0)).toThrow(CalendarAnswerError);
    expect(() => calendar.excludes(0)).toThrow(
      'Expected the function of Calendar.where() to say true or false about 1970-01-01T00:00:00.000Z, got a Promise',
    );
  });

  it.each<[() => unknown, string]>([
    [
      () => Calendar.anyOf(),
      'Calendar.anyOf() (1 fault):\n  - expected one calendar or more, got none',
    ],
    [() => Calendar.allOf(), 'Calendar.allOf()'],
    [
      () => Calendar.anyOf(weekend, 'weekend' as never),
      'expected calendar 2 to be a calendar, with a function excludes(), got "weekend"',
    ],
    [() => Calendar.allOf(null as never, {} as never), '(2 faults)'],
    [() => Calendar.not(undefined as never), 'expected calendar to be a calendar'],
    [
      () => Calendar.where(true as never),
      'expected predicate to be a function of a Date, got true',
    ],
  ])('refuses %s', (make, message) => {
    expect(make).toThrow(InvalidCalendarError);
    expect(make).toThrow(message);
  });
});
