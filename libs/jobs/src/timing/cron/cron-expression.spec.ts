import { describe, expect, it } from 'vitest';
import { CronArgumentError, InvalidCronError, UnknownTimeZoneError } from '../../errors/index.js';
import { CronExpression, type CronOptions } from './cron-expression.js';

const at = (iso: string) => Date.parse(iso);

describe('the next tick', () => {
  const everyMinute = CronExpression.parse('* * * * *');

  it('is strictly later', () => {
    expect(everyMinute.next(at('2026-01-01T00:00:00Z'))).toBe(at('2026-01-01T00:01:00Z'));
    expect(everyMinute.next(at('2026-01-01T00:00:00Z') - 1)).toBe(at('2026-01-01T00:00:00Z'));
    expect(everyMinute.next(at('2026-01-01T00:00:00.001Z'))).toBe(at('2026-01-01T00:01:00Z'));
    expect(everyMinute.next(at('2026-01-01T00:00:00Z') + 0.5)).toBe(at('2026-01-01T00:01:00Z'));
  });

  it('lies on a whole second', () => {
    const everySecond = CronExpression.parse('* * * * * *');
    expect(everySecond.next(at('2026-01-01T00:00:00.999Z'))).toBe(at('2026-01-01T00:00:01Z'));
  });

  it('is not before 1970', () => {
    expect(everyMinute.next(-1)).toBe(0);
    expect(everyMinute.next(-8e15)).toBe(0);
    expect(everyMinute.next(0)).toBe(60_000);
  });

  it('is none at the end of all time', () => {
    expect(everyMinute.next(8.64e15)).toBeUndefined();
    expect(everyMinute.next(Date.UTC(9999, 11, 31, 23, 59))).toBeUndefined();
  });

  it.each([
    ['0 0 29 2 *', '2096-03-01T00:00Z', '2104-02-29T00:00:00.000Z'],
    ['0 0 * 2 SUN#5', '2026-01-01T00:00Z', '2032-02-29T00:00:00.000Z'],
    ['0 0 * 2 MON#5', '2096-03-01T00:00Z', '2112-02-29T00:00:00.000Z'],
    ['59 59 23 31 12 ? 2099', '2026-01-01T00:00Z', '2099-12-31T23:59:59.000Z'],
  ])('is found at once, however rare: %s', (text, after, expected) => {
    for (const timeZone of ['UTC', 'Europe/Berlin']) {
      const expression = CronExpression.parse(text, { timeZone });
      const tick = expression.next(at(after))!;
      const offset = timeZone === 'UTC' ? 0 : 3_600_000;
      expect(new Date(tick + offset).toISOString()).toBe(expected);
    }
  });

  it.each([Number.NaN, Infinity, -Infinity, 9e15, '0', undefined, new Date(0)])(
    'is not asked for after %s',
    (after) => {
      expect(() => everyMinute.next(after as number)).toThrow(CronArgumentError);
      expect(() => everyMinute.previous(after as number)).toThrow(CronArgumentError);
    },
  );
});

describe('take', () => {
  const twice = CronExpression.parse('0 0 0 1 1 ? 2030,2031', { now: 0 });

  it('gives as many ticks as there are', () => {
    expect(twice.take(0, 1)).toEqual([Date.UTC(2030, 0, 1)]);
    expect(twice.take(0, 5)).toEqual([Date.UTC(2030, 0, 1), Date.UTC(2031, 0, 1)]);
    expect(twice.take(Date.UTC(2031, 0, 1), 5)).toEqual([]);
    expect(twice.take(0, 0)).toEqual([]);
  });

  it.each([-1, 1.5, Number.NaN, Infinity])('takes no count of %s', (count) => {
    expect(() => twice.take(0, count)).toThrow('take(): expected count to be a whole number');
  });
});

describe('the previous tick', () => {
  it.each([
    ['* * * * * *', '2026-01-01T00:00:00Z', '2025-12-31T23:59:59Z'],
    ['* * * * * *', '2026-01-01T00:00:00.001Z', '2026-01-01T00:00:00Z'],
    ['*/15 * * * *', '2026-01-01T00:15:00Z', '2026-01-01T00:00:00Z'],
    ['*/15 * * * *', '2026-01-01T00:15:00.500Z', '2026-01-01T00:15:00Z'],
    ['30 9 * * MON', '2026-01-01T00:00:00Z', '2025-12-29T09:30:00Z'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2024-02-29T00:00:00Z'],
    ['0,10,11 0 0 1 1 ?', '2026-01-01T00:01:36Z', '2026-01-01T00:00:11Z'],
    ['0 0 1 1 *', '1970-06-01T00:00:00Z', '1970-01-01T00:00:00Z'],
  ])('of %s before %s', (text, before, expected) => {
    expect(CronExpression.parse(text).previous(at(before))).toBe(at(expected));
  });

  it('is none before the first', () => {
    expect(CronExpression.parse('0 0 1 1 *').previous(0)).toBeUndefined();
    expect(CronExpression.parse('0 0 1 1 *').previous(-5e12)).toBeUndefined();
    expect(CronExpression.parse('0 0 0 1 1 ? 2090').previous(Date.UTC(2090, 0, 1))).toBeUndefined();
  });

  it('undoes the next', () => {
    const expression = CronExpression.parse('7,19 3-5 * * *', { timeZone: 'Europe/Berlin' });
    const ticks = expression.take(at('2026-10-20T00:00Z'), 60);
    for (let i = 1; i < ticks.length; i++) {
      expect(expression.previous(ticks[i]!)).toBe(ticks[i - 1]);
    }
  });
});

describe('an expression', () => {
  it('tells what it was made of', () => {
    const expression = CronExpression.parse('0 H ? * MON', { id: 'x', timeZone: 'asia/KOLKATA' });
    expect(expression.text).toBe('0 H ? * MON');
    expect(expression.timeZone).toBe('asia/KOLKATA');
    expect(expression.resolved).toMatch(/^0 \d+ \* \* MON$/);
    expect(CronExpression.parse('@daily').timeZone).toBe('UTC');
  });

  it.each<[string, CronOptions, string]>([
    ['dialect', { dialect: 'quarz' as 'quartz' }, "Did you mean 'quartz'?"],
    ['dialect', { dialect: 5 as never }, "'unix' or 'quartz', got 5"],
    ['id', { id: '' }, 'a string that is not empty, got ""'],
    ['id', { id: 5 as never }, 'a string that is not empty, got 5'],
    ['now', { now: Number.NaN }, 'an instant in epoch ms, got NaN'],
  ])('refuses a wrong %s %o', (_name, options, message) => {
    const parse = () => CronExpression.parse('@daily', options);
    expect(parse).toThrow(CronArgumentError);
    expect(parse).toThrow(message);
  });

  it.each([
    ['Europe/Berln', 'Europe/Berlin'],
    ['Berlin', 'Europe/Berlin'],
    ['new york', 'America/New_York'],
    ['UTV', 'UTC'],
    ['Mars/Olympus_Mons', undefined],
    ['', undefined],
  ])('refuses the zone "%s"', (timeZone, suggestion) => {
    try {
      CronExpression.parse('@daily', { timeZone });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UnknownTimeZoneError);
      expect((error as UnknownTimeZoneError).suggestion).toBe(suggestion);
    }
  });

  it.each(['+05:30', '-08', '+0100', ' +01:00'])(
    'refuses the offset "%s", which Intl takes',
    (timeZone) => {
      expect(() => CronExpression.parse('@daily', { timeZone })).toThrow(
        /Expected an IANA time zone .*got ".*". An offset knows no summer time: give the name of a place/,
      );
    },
  );

  it('refuses a zone that is no string', () => {
    expect(() => CronExpression.parse('@daily', { timeZone: 5 as never })).toThrow(
      'Expected an IANA time zone such as "Europe/Berlin" or "UTC", got 5.',
    );
  });

  it('tells the faults of the text before those of the zone', () => {
    expect(() => CronExpression.parse('60 * * * *', { timeZone: 'x' })).toThrow(InvalidCronError);
  });
});
