import { describe, expect, it } from 'vitest';
import { describeCron } from './cron-description.js';
import { CronExpression, type CronOptions } from './cron-expression.js';

describe('a description', () => {
  it.each<[string, string, CronOptions?]>([
    ['30 2 * * *', 'At 02:30'],
    ['*/15 * * * *', 'Every 15 minutes'],
    ['0 9 * * 1-5', 'At 09:00, Monday through Friday'],
    ['0 0 9 ? * 2-6', 'At 09:00, Monday through Friday', { dialect: 'quartz' }],
    [
      '0 0 9 * * 1-5',
      'At 09:00, Monday through Friday (unix) or At 09:00, Sunday through Thursday (quartz)',
    ],
    ['0 0 0 * * 1', 'At 00:00, only on Sunday', { dialect: 'quartz' }],
    ['0 0 0 * * 1', 'At 00:00, only on Monday', { dialect: 'unix' }],
    ['@weekly', 'At 00:00, only on Sunday'],
    ['0 15 10 ? * FRIL', 'At 10:15, on the last Friday of the month'],
    ['0 0 12 ? * L', 'At 12:00, only on Saturday'],
    ['0 0 * * 5#3', 'At 00:00, on the third Friday of the month'],
    ['0 0 15W * *', 'At 00:00, on the weekday nearest day 15 of the month'],
    ['0 0 L-3 * *', 'At 00:00, 3 days before the last day of the month'],
    [
      '0 0 0 1 1 ? 2030/2',
      'At 00:00, on day 1 of the month, only in January, every 2 years, 2030 through 9999',
    ],
    ['H H * * *', 'At 05:36', { id: 'nightly-report' }],
    ['0 0 0 1 1 ? 2005', 'At 00:00, on day 1 of the month, only in January, only in 2005'],
  ])('%s: %s', (text, expected, options) => {
    expect(describeCron(text, options)).toBe(expected);
  });

  it.each([
    ['0 0 L,L-1 * *', 'At 00:00, on the last day and the day before the last day of the month'],
    ['0 0 15,LW * *', 'At 00:00, on day 15 and the last weekday of the month'],
    [
      '0 0 L-3W * *',
      'At 00:00, on the weekday nearest the day 3 days before the last day of the month',
    ],
    ['0 0 LW-2 * *', 'At 00:00, on the day 2 days before the last weekday of the month'],
    [
      '0 0 1W,15W,L-3 6 *',
      'At 00:00, only in June, on the weekday nearest day 1, the weekday nearest day 15 and the day 3 days before the last day of the month',
    ],
    [
      '0 0 1-7,*/10,20/2,LW * *',
      'At 00:00, on days 1 through 7, every 10 days from day 1 through 31, every 2 days from day 20 through 31 and the last weekday of the month',
    ],
    ['0 0 * * MON,FRI#3', 'At 00:00, on each Monday and the third Friday of the month'],
    [
      '0 0 * * 7L,MON-WED',
      'At 00:00, on the last Sunday and each Monday through Wednesday of the month',
    ],
    [
      '0 0 0 ? * 2#1,6/1,*/3 *',
      'At 00:00, on the first Monday, each Friday through Saturday in steps of 1 and every 3 days of the week of the month',
    ],
    [
      'H H(0-7) * * MON',
      'At minute H, hour H(0-7) and day of week MON, where H is a value of its own for each job',
    ],
    [
      'H 0 H ? * THU 2090',
      'At second H, minute 0, hour H, day of week THU and year 2090, where H is a value of its own for each job',
    ],
  ])('of what cronstrue has no words for, %s: %s', (text, expected) => {
    expect(describeCron(text)).toBe(expected);
  });

  it('is made of a parsed expression too', () => {
    const expression = CronExpression.parse('0 H 0 ? * MON', { id: 'nightly-report' });
    expect(describeCron(expression)).toBe('At 00:36, only on Monday');
  });

  it.each([
    ['', 'Not a cron expression: '],
    ['every day', 'Not a cron expression: every day'],
    ['61 * * * *', 'Not a cron expression: 61 * * * *'],
    [undefined, 'Not a cron expression: undefined'],
    [Symbol('x'), 'Not a cron expression: symbol'],
  ])('never throws: %s', (text, expected) => {
    expect(describeCron(text as string)).toBe(expected);
  });

  it('never throws for options that are wrong', () => {
    expect(describeCron('@daily', { dialect: 'x' as never })).toBe('Not a cron expression: @daily');
    expect(describeCron('@daily', null as never)).toBe('At 00:00');
    expect(describeCron('0 H * * *', { id: undefined })).toContain('hour H');
    expect(describeCron('@daily', { timeZone: 'Nowhere' })).toBe('At 00:00');
  });
});
