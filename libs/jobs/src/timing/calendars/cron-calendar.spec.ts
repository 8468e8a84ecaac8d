import { describe, expect, it, vi } from 'vitest';
import { CronExpression } from '../cron/index.js';
import { InvalidCalendarError } from '../../errors/index.js';
import { Calendar } from './calendar-functions.js';

const at = (text: string) => Date.parse(`${text}Z`);

describe('a cron calendar', () => {
  it.each<[text: string, excluded: readonly string[], not: readonly string[]]>([
    // Quartz's own example: all but the hours of business.
    [
      '* * 0-7,18-23 ? * *',
      ['2026-11-26T00:00:00', '2026-11-26T07:59:59.999', '2026-11-26T18:00:00'],
      ['2026-11-26T08:00:00', '2026-11-26T17:59:59.999'],
    ],
    [
      '30 * * * * ?',
      ['2026-11-26T00:00:30', '2026-11-26T00:00:30.999'],
      ['2026-11-26T00:00:29.999', '2026-11-26T00:00:31'],
    ],
    ['* * * ? * SAT', ['2026-11-28T00:00', '2026-11-28T23:59:59.999'], ['2026-11-27T23:59:59']],
    // With five fields, minutes.
    ['30 2 * * *', ['2026-11-26T02:30', '2026-11-26T02:30:59.999'], ['2026-11-26T02:31']],
    ['* 0-7 * * *', ['2026-11-26T00:00', '2026-11-26T07:59:59'], ['2026-11-26T08:00']],
    ['@daily', ['2026-11-26T00:00', '2026-11-26T00:00:59'], ['2026-11-26T00:01']],
    // A calendar whose years are over is no fault.
    ['* * * * * ? 2020', ['2020-06-01T00:00'], ['2026-11-26T00:00']],
  ])('%s', (text, excluded, not) => {
    const calendar = Calendar.cron(text);
    for (const time of excluded) expect(calendar.excludes(at(time)), `at ${time}`).toBe(true);
    for (const time of not) {
      expect(calendar.excludes(at(time)), `at ${time}`).toBe(false);
      expect(calendar.excludedUntil!(at(time))).toBeUndefined();
    }
  });

  it.each<[text: string, time: string, end: string]>([
    ['* * 0-7,18-23 ? * *', '2026-11-26T18:30:15.5', '2026-11-27T08:00'],
    ['* * * ? * SAT,SUN', '2026-11-28T13:00', '2026-11-30T00:00'],
    ['* 10-20 * * * ?', '2026-11-28T13:12', '2026-11-28T13:21'],
    ['0 0 12 * * ?', '2026-11-28T12:00:00.5', '2026-11-28T12:00:01'],
    ['* 0-7 * * *', '2026-11-28T02:30:30', '2026-11-28T08:00'],
    ['0-10 0 * * *', '2026-11-28T00:00:30', '2026-11-28T00:11'],
    ['* * * * SUN', '2026-11-29T00:00', '2026-11-30T00:00'],
  ])('%s at %s ends at %s', (text, time, end) => {
    const next = vi.spyOn(CronExpression.prototype, 'next');
    const until = Calendar.cron(text).excludedUntil!(at(time))!;
    expect(new Date(until).toISOString()).toBe(new Date(at(end)).toISOString());
    // Hours and days in one step each: not 3,600 or 86,400.
    expect(next.mock.calls.length).toBeLessThan(20);
    next.mockRestore();
  });

  it('excludes what the same expression is due at, in its zone and dialect', () => {
    const options = { timeZone: 'Asia/Tokyo', dialect: 'unix' } as const;
    const calendar = Calendar.cron('0 30 9 * * 1', options);
    const ticks = CronExpression.parse('0 30 9 * * 1', options).take(at('2026-11-26T00:00'), 5);
    for (const tick of ticks) {
      expect(calendar.excludes(tick)).toBe(true);
      expect(calendar.excludes(tick - 1)).toBe(false);
      expect(calendar.excludes(tick + 1_000)).toBe(false);
    }
  });

  it.each<[text: unknown, options: unknown, message: string]>([
    ['61 * * * *', {}, 'minute: expected'],
    ['* H * * * *', {}, 'H'],
    ['', {}, 'Calendar.cron() (1 fault)'],
    ['@daily', { dialect: 'linux' }, "dialect to be 'unix' or 'quartz', got \"linux\""],
    ['@daily', { timeZone: 'Mars/Base' }, 'got "Mars/Base"'],
    ['@daily', { zone: 'UTC' }, 'unknown option "zone"'],
  ])('refuses %s with %s', (text, options, message) => {
    const make = () => Calendar.cron(text as string, options as never);
    expect(make).toThrow(InvalidCalendarError);
    expect(make).toThrow(message);
  });
});
