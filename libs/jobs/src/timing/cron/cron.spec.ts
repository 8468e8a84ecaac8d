import { describe, expect, it } from 'vitest';
import { CronArgumentError } from '../../errors/index.js';
import { Cron } from './cron.js';
import { describeCron } from './cron-description.js';
import { CronExpression } from './cron-expression.js';

describe('Cron writes', () => {
  it.each([
    [Cron.everySecond(), '* * * * * *', 'Every second'],
    [Cron.everySecond(10), '*/10 * * * * *', 'Every 10 seconds'],
    [Cron.everyMinute(), '* * * * *', 'Every minute'],
    [Cron.everyMinute(5), '*/5 * * * *', 'Every 5 minutes'],
    [Cron.hourly(), '0 * * * *', 'Every hour'],
    [Cron.hourly(30), '30 * * * *', 'At 30 minutes past the hour'],
    [Cron.daily(), '0 0 * * *', 'At 00:00'],
    [Cron.daily(23, 59), '59 23 * * *', 'At 23:59'],
    [Cron.weekdays(9), '0 9 * * MON-FRI', 'At 09:00, Monday through Friday'],
    [Cron.weekly('MON', 6, 30), '30 6 * * MON', 'At 06:30, only on Monday'],
    [Cron.monthly(15), '0 0 15 * *', 'At 00:00, on day 15 of the month'],
    [Cron.monthly('last', 18), '0 18 L * *', 'At 18:00, on the last day of the month'],
    [Cron.monthly('last-weekday', 18), '0 18 LW * *', 'At 18:00, on the last weekday of the month'],
    [Cron.yearly(2, 29), '0 0 29 2 *', 'At 00:00, on day 29 of the month, only in February'],
    [
      Cron.yearly('DEC', 24, 18),
      '0 18 24 DEC *',
      'At 18:00, on day 24 of the month, only in December',
    ],
  ])('%s', (text, expected, description) => {
    expect(text).toBe(expected);
    expect(describeCron(text)).toBe(description);
    expect(CronExpression.parse(text).next(0)).toBeGreaterThan(0);
  });

  it('what both dialects read alike', () => {
    for (const text of [Cron.everySecond(), Cron.everySecond(30)]) {
      for (const dialect of ['unix', 'quartz'] as const) {
        expect(CronExpression.parse(text, { dialect }).resolved).toBe(text);
      }
    }
  });
});

describe('Cron refuses', () => {
  it.each<[() => string, string]>([
    [
      () => Cron.everySecond(7),
      'Cron.everySecond(): expected n to be a divisor of 60 from 1 to 30, got 7.',
    ],
    [() => Cron.everySecond(60), 'For 60 seconds use Cron.everyMinute().'],
    [
      () => Cron.everyMinute(0),
      'Cron.everyMinute(): expected n to be a divisor of 60 from 1 to 30, got 0.',
    ],
    [() => Cron.everyMinute(1.5), 'got 1.5.'],
    [() => Cron.everyMinute('5' as never), 'got "5".'],
    [
      () => Cron.hourly(60),
      'Cron.hourly(): expected minute to be a whole number from 0 to 59, got 60.',
    ],
    [
      () => Cron.daily(24),
      'Cron.daily(): expected hour to be a whole number from 0 to 23, got 24.',
    ],
    [() => Cron.daily(Number.NaN), 'got NaN.'],
    [() => Cron.daily(0, -1), 'Cron.daily(): expected minute to be'],
    [() => Cron.weekdays(9, 60), 'Cron.weekdays(): expected minute to be'],
    [() => Cron.weekly('mon' as never), "Cron.weekly(): expected day to be one of 'SUN', 'MON'"],
    [() => Cron.weekly(1 as never), 'got 1.'],
    [
      () => Cron.monthly(0),
      "Cron.monthly(): expected day to be a whole number from 1 to 31 or one of 'last', 'last-weekday', got 0.",
    ],
    [() => Cron.monthly(32), 'got 32.'],
    [() => Cron.monthly('first' as never), 'got "first".'],
    [() => Cron.monthly('constructor' as never), 'got "constructor".'],
    [() => Cron.yearly(13, 1), 'Cron.yearly(): expected month to be'],
    [() => Cron.yearly(0, 1), 'Cron.yearly(): expected month to be'],
    [
      () => Cron.yearly(2, 30),
      'Cron.yearly(): expected day to be a whole number from 1 to 29, got 30.',
    ],
    [
      () => Cron.yearly('APR', 31),
      'Cron.yearly(): expected day to be a whole number from 1 to 30, got 31.',
    ],
  ])('%s', (call, message) => {
    expect(call).toThrow(CronArgumentError);
    expect(call).toThrow(message);
  });
});
