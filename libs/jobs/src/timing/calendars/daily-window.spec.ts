import { describe, expect, it } from 'vitest';
import { InvalidCalendarError } from '../../errors/index.js';
import { Calendar } from './calendar-functions.js';

const DAY = 86_400_000;
const DATE = '2026-11-26';

const at = (time: string) => Date.parse(`${DATE}T${time}Z`);

describe('a daily window', () => {
  it.each<[from: string, to: string, inside: readonly string[], outside: readonly string[]]>([
    ['09:00', '17:00', ['09:00', '12:00', '16:59:59.999'], ['08:59:59.999', '17:00', '00:00']],
    ['22:00', '06:00', ['22:00', '23:59:59.999', '00:00', '05:59:59.999'], ['06:00', '21:59']],
    ['18:00', '24:00', ['18:00', '23:59:59.999'], ['00:00', '17:59']],
    ['18:00', '00:00', ['18:00', '23:59:59.999'], ['00:00', '17:59']],
    ['12:00:30', '12:00:31', ['12:00:30', '12:00:30.999'], ['12:00:29.999', '12:00:31']],
  ])('from %s to %s', (from, to, inside, outside) => {
    const calendar = Calendar.dailyWindow(from, to);
    const inverted = Calendar.dailyWindow(from, to, { invert: true });
    for (const time of inside) {
      expect(calendar.excludes(at(time)), `at ${time}`).toBe(true);
      expect(inverted.excludes(at(time)), `at ${time}`).toBe(false);
      expect(inverted.excludedUntil!(at(time))).toBeUndefined();
    }
    for (const time of outside) {
      expect(calendar.excludes(at(time)), `at ${time}`).toBe(false);
      expect(inverted.excludes(at(time)), `at ${time}`).toBe(true);
      expect(calendar.excludedUntil!(at(time))).toBeUndefined();
    }
  });

  it('tells its end, today or tomorrow', () => {
    const night = Calendar.dailyWindow('22:00', '06:00');
    expect(night.excludedUntil!(at('01:00'))).toBe(at('06:00'));
    expect(night.excludedUntil!(at('22:00'))).toBe(at('06:00') + DAY);
    const notNight = Calendar.dailyWindow('22:00', '06:00', { invert: true });
    expect(notNight.excludedUntil!(at('06:00'))).toBe(at('22:00'));
    const evening = Calendar.dailyWindow('18:00', '24:00');
    expect(evening.excludedUntil!(at('18:00'))).toBe(at('00:00') + DAY);
  });

  it.each<[from: unknown, to: unknown, options: unknown, message: string]>([
    [
      '25:00',
      '06:00',
      {},
      `expected from to be a time of day from '00:00' to '24:00', as 'HH:mm' or 'HH:mm:ss', got "25:00"`,
    ],
    ['22:00', '6:00', {}, 'expected to to be a time of day'],
    ['22:00', '24:01', {}, 'got "24:01"'],
    [22, 6, {}, 'got 22'],
    ['06:00', '06:00', {}, "got '06:00' to '06:00', which is none or all of it"],
    ['00:00', '24:00', {}, 'which is none or all of it'],
    ['22:00', '06:00', { invert: 'yes' }, 'options: "invert" expected'],
    ['22:00', '06:00', { timeZone: 'UCT+1' }, 'options: "timeZone"'],
    ['x', 'y', { z: 1 }, '(3 faults)'],
  ])('refuses %s to %s with %s', (from, to, options, message) => {
    const make = () => Calendar.dailyWindow(from as never, to as never, options as never);
    expect(make).toThrow(InvalidCalendarError);
    expect(make).toThrow(message);
  });
});
