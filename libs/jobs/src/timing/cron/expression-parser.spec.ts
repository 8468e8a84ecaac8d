import { describe, expect, it } from 'vitest';
import { CronExpression, type CronOptions } from './cron-expression.js';

const NOW = Date.UTC(2026, 0, 1);

/**
 * The first ticks after 2026-01-01 00:00 UTC, as `01-31 10:15`; seconds and years where they tell
 * something.
 */
function ticks(text: string, count: number, options: CronOptions = {}): string {
  return CronExpression.parse(text, { now: NOW, ...options })
    .take(NOW - 1, count)
    .map((tick) => new Date(tick).toISOString())
    .map((iso) => `${iso.slice(5, 10)} ${iso.slice(11, iso.slice(17, 19) === '00' ? 16 : 19)}`)
    .join(', ');
}

describe('time fields', () => {
  it.each([
    ['* * * * *', '01-01 00:00, 01-01 00:01, 01-01 00:02'],
    ['* * * * * *', '01-01 00:00, 01-01 00:00:01, 01-01 00:00:02'],
    ['30 9 * * *', '01-01 09:30, 01-02 09:30, 01-03 09:30'],
    ['0,40,20 0 * * *', '01-01 00:00, 01-01 00:20, 01-01 00:40'],
    ['58-59 5 * * *', '01-01 05:58, 01-01 05:59, 01-02 05:58'],
    ['*/25 0 * * *', '01-01 00:00, 01-01 00:25, 01-01 00:50'],
    ['40/10 3 * * *', '01-01 03:40, 01-01 03:50, 01-02 03:40'],
    ['10-20/5 3 * * *', '01-01 03:10, 01-01 03:15, 01-01 03:20'],
    ['0 0 22-1 * * ?', '01-01 00:00, 01-01 01:00, 01-01 22:00'],
    ['0 0 20-4/3 * * ?', '01-01 02:00, 01-01 20:00, 01-01 23:00'],
    ['0 0 23-22 * * ?', '01-01 00:00, 01-01 01:00, 01-01 02:00'],
    ['30/15 59 23 * * ?', '01-01 23:59:30, 01-01 23:59:45, 01-02 23:59:30'],
    ['0 0 0-0 * * ?', '01-01 00:00, 01-02 00:00, 01-03 00:00'],
    ['? 0 * * *', '01-01 00:00, 01-01 00:01, 01-01 00:02'],
    ['?/20 ? ? ? ?', '01-01 00:00, 01-01 00:20, 01-01 00:40'],
    ['  0\t0   * * *  ', '01-01 00:00, 01-02 00:00, 01-03 00:00'],
  ])('%s', (text, expected) => {
    expect(ticks(text, 3)).toBe(expected);
  });
});

describe('months and years', () => {
  it.each([
    ['0 0 1 2,4 *', '02-01 00:00, 04-01 00:00, 02-01 00:00'],
    ['0 0 0 1 nov-Feb ?', '01-01 00:00, 02-01 00:00, 11-01 00:00'],
    ['0 0 1 */6 *', '01-01 00:00, 07-01 00:00, 01-01 00:00'],
    ['0 0 1 OCT/2 *', '10-01 00:00, 12-01 00:00, 10-01 00:00'],
  ])('%s', (text, expected) => {
    expect(ticks(text, 3)).toBe(expected);
  });

  it.each([
    ['0 0 0 1 1 ? 2027', [2027]],
    ['0 0 0 1 1 ? 2020-2028', [2026, 2027, 2028]],
    ['0 0 0 1 1 ? 2030,2028', [2028, 2030]],
    ['0 0 0 1 1 ? 2097,2101/4000', [2097, 2101, 6101]],
    ['0 0 0 1 1 ? 9998-9999', [9998, 9999]],
  ])('%s ends', (text, years) => {
    const found = CronExpression.parse(text, { now: NOW }).take(NOW - 1, 10);
    expect(found.map((tick) => new Date(tick).getUTCFullYear())).toEqual(years);
  });
});

describe('days of the month', () => {
  it.each([
    ['0 0 31 * *', '01-31 00:00, 03-31 00:00, 05-31 00:00'],
    ['0 0 L * *', '01-31 00:00, 02-28 00:00, 03-31 00:00'],
    ['0 0 L-3 * *', '01-28 00:00, 02-25 00:00, 03-28 00:00'],
    ['0 0 L-29 * *', '01-02 00:00, 03-02 00:00, 04-01 00:00'],
    ['0 0 15,L * *', '01-15 00:00, 01-31 00:00, 02-15 00:00'],
    ['0 0 l,l-1 * *', '01-30 00:00, 01-31 00:00, 02-27 00:00'],
    // 31 January is a Saturday, 28 February too, 31 May is a Sunday.
    ['0 0 LW * *', '01-30 00:00, 02-27 00:00, 03-31 00:00'],
    ['0 0 LW 5 *', '05-29 00:00, 05-31 00:00, 05-31 00:00'],
    ['0 0 LW-2 * *', '01-28 00:00, 02-25 00:00, 03-29 00:00'],
    // 30 January is a Friday, 28 March, the third day before the last, a Saturday.
    ['0 0 L-1W * *', '01-30 00:00, 02-27 00:00, 03-30 00:00'],
    ['0 0 L-3W * *', '01-28 00:00, 02-25 00:00, 03-27 00:00'],
    ['0 0 L-0W * *', '01-30 00:00, 02-27 00:00, 03-31 00:00'],
    ['0 0 L-3W-2 * *', '01-26 00:00, 02-23 00:00, 03-25 00:00'],
    ['0 0 LW-30 * *', '01-01 00:00, 02-01 00:00, 03-01 00:00'],
    ['0 0 L-30W * *', '01-01 00:00, 03-02 00:00, 05-01 00:00'],
    ['0 0 15W * *', '01-15 00:00, 02-16 00:00, 03-16 00:00'],
    ['0 0 1W,LW * *', '01-01 00:00, 01-30 00:00, 02-02 00:00'],
    ['0 0 0 30-2 * ?', '01-01 00:00, 01-02 00:00, 01-30 00:00'],
    ['0 0 25/3 * *', '01-25 00:00, 01-28 00:00, 01-31 00:00'],
    ['0 0 1-7/3 1 *', '01-01 00:00, 01-04 00:00, 01-07 00:00'],
  ])('%s', (text, expected) => {
    expect(ticks(text, 3)).toBe(expected);
  });

  it.each([
    // 1 August 2026 is a Saturday: forward to Monday, not back into July.
    ['0 0 1W 8 *', '08-03'],
    // 31 May 2026 is a Sunday: back to Friday, not forward into June.
    ['0 0 31W 5 *', '05-29'],
    // 28 February 2026, the last day, is a Saturday.
    ['0 0 28W 2 *', '02-27'],
    // 1 March 2026 is a Sunday.
    ['0 0 1W 3 *', '03-02'],
  ])('%s never leaves the month', (text, day) => {
    expect(ticks(text, 1)).toBe(`${day} 00:00`);
  });

  it('31W is nearest to the last day where there is no 31st', () => {
    expect(ticks('0 0 31W 3,4,5 *', 3)).toBe('03-31 00:00, 04-30 00:00, 05-29 00:00');
    // 28 February 2027 is a Sunday.
    expect(ticks('0 0 0 31W 2 ? 2027', 1)).toBe('02-26 00:00');
  });
});

// 1 January 2026 is a Thursday.
describe('weekdays are numbered from', () => {
  it.each([
    ['0 in Unix', '0 0 * * 0', '01-04 00:00'],
    ['0, which is 7 too', '0 0 * * 7', '01-04 00:00'],
    ['0 to Friday', '0 0 * * 5', '01-02 00:00'],
    ['0 at the end of a range', '0 0 * * 6-7', '01-03 00:00, 01-04 00:00, 01-10 00:00'],
    ['0 in a range to itself', '0 0 * * 7-7', '01-04 00:00'],
    ['0 with a step', '0 0 * * 1/2', '01-02 00:00, 01-05 00:00, 01-07 00:00, 01-09 00:00'],
    ['7 with a step', '0 0 * * 7/6', '01-03 00:00, 01-04 00:00, 01-10 00:00'],
    ['0 to all', '0 0 * * 0-7/3', '01-03 00:00, 01-04 00:00, 01-07 00:00, 01-10 00:00'],
    ['1 in Quartz', '0 0 0 ? * 1 *', '01-04 00:00'],
    ['1 to Friday in Quartz', '0 0 0 ? * 6 *', '01-02 00:00'],
    ['1 to Saturday in Quartz', '0 0 0 ? * 7 *', '01-03 00:00'],
    ['1 to the week’s work', '0 0 0 ? * 2-6 *', '01-01 00:00, 01-02 00:00, 01-05 00:00'],
    ['1 across the week', '0 0 0 ? * 6-2 *', '01-02 00:00, 01-03 00:00, 01-04 00:00, 01-05 00:00'],
    ['1 with a step', '0 0 0 ? * 2/2 *', '01-02 00:00, 01-05 00:00, 01-07 00:00, 01-09 00:00'],
    ['names in both', '0 0 * * fri-SUN', '01-02 00:00, 01-03 00:00, 01-04 00:00, 01-09 00:00'],
    ['names, in Quartz', '0 0 0 ? * FRI-mon', '01-02 00:00, 01-03 00:00, 01-04 00:00, 01-05 00:00'],
  ])('%s: %s', (_what, text, expected) => {
    expect(ticks(text, expected.split(',').length)).toBe(expected);
  });

  it.each([
    ['0 0 * * 5L', '01-30 00:00, 02-27 00:00'],
    ['0 0 * * 7L', '01-25 00:00, 02-22 00:00'],
    ['0 0 * * FRIL', '01-30 00:00, 02-27 00:00'],
    ['0 0 0 ? * 6L *', '01-30 00:00, 02-27 00:00'],
    ['0 0 0 ? * 7L *', '01-31 00:00, 02-28 00:00'],
    ['0 0 0 ? * L', '01-03 00:00, 01-10 00:00'],
    ['0 0 * * 5#3', '01-16 00:00, 02-20 00:00'],
    ['0 0 0 ? * 6#3 *', '01-16 00:00, 02-20 00:00'],
    ['0 0 0 ? * fri#3', '01-16 00:00, 02-20 00:00'],
    ['0 0 * * THU#5', '01-29 00:00, 04-30 00:00'],
    ['0 0 * * MON#1,FRIL', '01-05 00:00, 01-30 00:00'],
    ['0 0 * * SUN,FRI#1', '01-02 00:00, 01-04 00:00'],
  ])('%s', (text, expected) => {
    expect(ticks(text, 2)).toBe(expected);
  });
});

describe('the two day fields', () => {
  it.each([
    ['a 13th or a Friday', '0 0 13 * FRI', '01-02 00:00, 01-09 00:00, 01-13 00:00'],
    ['the same in Quartz', '0 0 0 13 * FRI', '01-02 00:00, 01-09 00:00, 01-13 00:00'],
    ['* names no days', '0 0 0 * * MON', '01-05 00:00, 01-12 00:00, 01-19 00:00'],
    ['* names no days', '0 0 0 9 * *', '01-09 00:00, 02-09 00:00, 03-09 00:00'],
    ['? names no days', '0 0 0 ? * MON', '01-05 00:00, 01-12 00:00, 01-19 00:00'],
    ['? is read in Unix too', '0 0 ? * MON', '01-05 00:00, 01-12 00:00, 01-19 00:00'],
    ['neither: each day', '0 0 0 * * ?', '01-01 00:00, 01-02 00:00, 01-03 00:00'],
    ['a step names days', '0 0 */15 * MON', '01-01 00:00, 01-05 00:00, 01-12 00:00'],
  ])('%s: %s', (_what, text, expected) => {
    expect(ticks(text, 3)).toBe(expected);
  });

  it('may hold a day that no month has, while the other one names days', () => {
    expect(ticks('0 0 30 2 MON', 1)).toBe('02-02 00:00');
  });
});

describe('a dialect that is forced', () => {
  it.each<[string, CronOptions, string]>([
    ['0 0 0 * * 1', { dialect: 'unix' }, '01-05 00:00'],
    ['0 0 0 * * 1', { dialect: 'quartz' }, '01-04 00:00'],
    ['0 0 0 * * 0 2026', { dialect: 'unix' }, '01-04 00:00'],
    ['0 0 * * 1', { dialect: 'unix' }, '01-05 00:00'],
    ['@weekly', { dialect: 'quartz' }, '01-04 00:00'],
  ])('reads %s by %o', (text, options, expected) => {
    expect(ticks(text, 1, options)).toBe(expected);
  });

  it('is told by the number of fields otherwise', () => {
    expect(CronExpression.parse('0 0 * * 1').dialect).toBe('unix');
    expect(CronExpression.parse('0 0 0 * * MON').dialect).toBe('quartz');
    expect(CronExpression.parse('0 0 0 * * 1 *').dialect).toBe('quartz');
  });
});

describe('macros', () => {
  it.each([
    ['@yearly', '0 0 1 1 *'],
    ['@annually', '0 0 1 1 *'],
    ['@monthly', '0 0 1 * *'],
    ['@weekly', '0 0 * * SUN'],
    ['@daily', '0 0 * * *'],
    ['@Midnight', '0 0 * * *'],
    [' @HOURLY ', '0 * * * *'],
  ])('%s is %s', (macro, text) => {
    const expression = CronExpression.parse(macro);
    expect(expression.text).toBe(macro);
    expect(expression.resolved).toBe(text);
    expect(expression.take(NOW, 20)).toEqual(CronExpression.parse(text).take(NOW, 20));
  });
});

describe('H', () => {
  const resolved = (text: string, id: string) => CronExpression.parse(text, { id }).resolved;

  it('keeps its value across releases', () => {
    expect(resolved('H H * * *', 'nightly-report')).toBe('36 5 * * *');
    expect(resolved('H H H H H ?', 'nightly-report')).toBe('15 36 5 19 11 ?');
    expect(resolved('H H(0-7) ? * H', 'sync')).toBe('44 5 * * 0');
    expect(resolved('H/15 * * * *', 'sync')).toBe('14-59/15 * * * *');
    expect(resolved('H(0-29)/10 H(2-8) * * *', 'sync')).toBe('4-29/10 6 * * *');
  });

  it('is the same weekday in both dialects', () => {
    for (const id of ['a', 'b', 'c', 'd']) {
      expect(CronExpression.parse('0 0 * * H', { id }).next(NOW)).toBe(
        CronExpression.parse('0 0 0 ? * H', { id }).next(NOW),
      );
    }
  });

  it.each([
    ['H * * * *', (f: number[]) => f[0]! <= 59],
    ['* H * * *', (f: number[]) => f[1]! <= 23],
    ['* * H * *', (f: number[]) => f[2]! >= 1 && f[2]! <= 28],
    ['* * * H *', (f: number[]) => f[3]! >= 1 && f[3]! <= 12],
    ['* * * * H', (f: number[]) => f[4]! <= 6],
    ['H(10-19) * * * *', (f: number[]) => f[0]! >= 10 && f[0]! <= 19],
    ['* H(3-7) * * *', (f: number[]) => f[1]! >= 3 && f[1]! <= 7],
  ])('%s stays within its range and reaches both ends', (text, isWithin) => {
    const found = Array.from({ length: 1_000 }, (_, i) => resolved(text, `job-${i}`));
    const outside = found.filter((each) => !isWithin(each.split(' ').map(Number)));
    expect(outside).toEqual([]);
    const choices = { H: [60, 24, 28, 12, 7][text.split(' ').indexOf('H')] };
    expect(new Set(found).size).toBe(choices.H ?? (text.startsWith('H') ? 10 : 5));
  });

  it('starts within the first step', () => {
    const starts = Array.from({ length: 200 }, (_, i) =>
      new Date(CronExpression.parse('H/20 * * * *', { id: `${i}` }).next(NOW - 1)!).getUTCMinutes(),
    );
    expect(Math.max(...starts)).toBe(19);
    expect(Math.min(...starts)).toBe(0);
  });

  it('mixes with fixed values in a list', () => {
    expect(resolved('H,30 0 * * *', 'x')).toMatch(/^\d+,30 0/);
  });

  it('spreads ids that differ by a digit', () => {
    const minutes = new Set(
      Array.from({ length: 60 }, (_, i) => resolved('H 0 * * *', `job-${i}`)),
    );
    expect(minutes.size).toBeGreaterThan(30);
  });
});
