import { describe, expect, it } from 'vitest';
import { InvalidCronError, JobsError } from '../errors/index.js';
import { CronExpression, type CronOptions } from './cron-expression.js';

const NOW = Date.UTC(2026, 0, 1);

/** The first ticks after 2026-01-01 00:00 UTC, as `01-31 10:15`; seconds and years where they tell something. */
function ticks(text: string, count: number, options: CronOptions = {}): string {
  return CronExpression.parse(text, { now: NOW, ...options })
    .take(NOW - 1, count)
    .map((tick) => new Date(tick).toISOString())
    .map((iso) => `${iso.slice(5, 10)} ${iso.slice(11, iso.slice(17, 19) === '00' ? 16 : 19)}`)
    .join(', ');
}

function refusal(text: string, options: CronOptions = {}): InvalidCronError {
  try {
    CronExpression.parse(text, { now: NOW, ...options });
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidCronError);
    return error as InvalidCronError;
  }
  throw new Error(`${text} was accepted`);
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
    ['0 22-1 * * *', '01-01 00:00, 01-01 01:00, 01-01 22:00'],
    ['0 20-4/3 * * *', '01-01 02:00, 01-01 20:00, 01-01 23:00'],
    ['0 23-22 * * *', '01-01 00:00, 01-01 01:00, 01-01 02:00'],
    ['30/15 59 23 * * ?', '01-01 23:59:30, 01-01 23:59:45, 01-02 23:59:30'],
    ['0 0 0-0 * * ?', '01-01 00:00, 01-02 00:00, 01-03 00:00'],
    ['  0\t0   * * *  ', '01-01 00:00, 01-02 00:00, 01-03 00:00'],
  ])('%s', (text, expected) => {
    expect(ticks(text, 3)).toBe(expected);
  });
});

describe('months and years', () => {
  it.each([
    ['0 0 1 2,4 *', '02-01 00:00, 04-01 00:00, 02-01 00:00'],
    ['0 0 1 nov-Feb *', '01-01 00:00, 02-01 00:00, 11-01 00:00'],
    ['0 0 1 */6 *', '01-01 00:00, 07-01 00:00, 01-01 00:00'],
    ['0 0 1 OCT/2 *', '10-01 00:00, 12-01 00:00, 10-01 00:00'],
  ])('%s', (text, expected) => {
    expect(ticks(text, 3)).toBe(expected);
  });

  it.each([
    ['0 0 0 1 1 ? 2027', [2027]],
    ['0 0 0 1 1 ? 2020-2028', [2026, 2027, 2028]],
    ['0 0 0 1 1 ? 2030,2028', [2028, 2030]],
    ['0 0 0 1 1 ? 2095/2', [2095, 2097, 2099]],
    ['0 0 0 1 1 ? */50', [2070]],
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
    ['0 0 15W * *', '01-15 00:00, 02-16 00:00, 03-16 00:00'],
    ['0 0 1W,LW * *', '01-01 00:00, 01-30 00:00, 02-02 00:00'],
    ['0 0 30-2 * *', '01-01 00:00, 01-02 00:00, 01-30 00:00'],
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

  it('31W is skipped where there is no 31st', () => {
    expect(ticks('0 0 31W 3,4,5 *', 2)).toBe('03-31 00:00, 05-29 00:00');
    // In 2027 a 31st of April would be a Saturday.
    expect(ticks('0 0 0 31W 3,4,5 ? 2027', 2)).toBe('03-31 00:00, 05-31 00:00');
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
    ['0 across the week', '0 0 * * 6-1', '01-03 00:00, 01-04 00:00, 01-05 00:00, 01-10 00:00'],
    ['7 across the week', '0 0 * * 7-1', '01-04 00:00, 01-05 00:00, 01-11 00:00'],
    ['0 with a step', '0 0 * * 1/2', '01-02 00:00, 01-05 00:00, 01-07 00:00, 01-09 00:00'],
    ['7 with a step', '0 0 * * 7/6', '01-03 00:00, 01-04 00:00, 01-10 00:00'],
    ['0 to all', '0 0 * * 0-7/3', '01-03 00:00, 01-04 00:00, 01-07 00:00, 01-10 00:00'],
    ['1 in Quartz', '0 0 0 ? * 1', '01-04 00:00'],
    ['1 to Friday in Quartz', '0 0 0 ? * 6', '01-02 00:00'],
    ['1 to Saturday in Quartz', '0 0 0 ? * 7', '01-03 00:00'],
    ['1 to the week’s work', '0 0 0 ? * 2-6', '01-01 00:00, 01-02 00:00, 01-05 00:00'],
    ['1 across the week', '0 0 0 ? * 6-2', '01-02 00:00, 01-03 00:00, 01-04 00:00, 01-05 00:00'],
    ['1 with a step', '0 0 0 ? * MON/2', '01-02 00:00, 01-05 00:00, 01-07 00:00, 01-09 00:00'],
    ['names in both', '0 0 * * fri-MON', '01-02 00:00, 01-03 00:00, 01-04 00:00, 01-05 00:00'],
    ['names, in Quartz', '0 0 0 ? * FRI-mon', '01-02 00:00, 01-03 00:00, 01-04 00:00, 01-05 00:00'],
  ])('%s: %s', (_what, text, expected) => {
    expect(ticks(text, expected.split(',').length)).toBe(expected);
  });

  it.each([
    ['0 0 * * 5L', '01-30 00:00, 02-27 00:00'],
    ['0 0 * * 7L', '01-25 00:00, 02-22 00:00'],
    ['0 0 * * FRIL', '01-30 00:00, 02-27 00:00'],
    ['0 0 0 ? * 6L', '01-30 00:00, 02-27 00:00'],
    ['0 0 0 ? * 7L', '01-31 00:00, 02-28 00:00'],
    ['0 0 0 ? * L', '01-03 00:00, 01-10 00:00'],
    ['0 0 * * 5#3', '01-16 00:00, 02-20 00:00'],
    ['0 0 0 ? * 6#3', '01-16 00:00, 02-20 00:00'],
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
    expect(CronExpression.parse('0 0 0 * * 1').dialect).toBe('quartz');
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
    expect(resolved('H H(0-7) ? * H', 'sync')).toBe('44 5 ? * 0');
    expect(resolved('H/15 * * * *', 'sync')).toBe('14-59/15 * * * *');
    expect(resolved('H(0-29)/10 H(22-4) * * *', 'sync')).toBe('4-29/10 2 * * *');
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
    ['* H(22-2) * * *', (f: number[]) => f[1]! >= 22 || f[1]! <= 2],
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

describe('what is refused', () => {
  it.each<[string, string, string, string | undefined, CronOptions?]>([
    ['60 * * * *', 'minute', '60', undefined],
    ['* 24 * * *', 'hour', '24', 'midnight is 0'],
    ['60 * * * * ?', 'second', '60', undefined],
    ['-1 * * * *', 'minute', '-1', undefined],
    ['1.5 * * * *', 'minute', '1.5', undefined],
    ['* * 0 * *', 'day of month', '0', 'days start at 1'],
    ['* * 32 * *', 'day of month', '32', undefined],
    ['* * * 0 *', 'month', '0', 'January is 1; write JAN'],
    ['* * * 13 *', 'month', '13', undefined],
    ['* * * * 8', 'day of week', '8', undefined],
    ['* * * ? * 0', 'day of week', '0', 'Sunday is 1 here; write SUN'],
    ['* * * ? * 8', 'day of week', '8', undefined],
    ['0 0 0 1 1 ? 1969', 'year', '1969', undefined],
    ['0 0 0 1 1 ? 2100', 'year', '2100', undefined],
    ['0 0 0 1 1 ? 2020-2025', 'year', '2020-2025', 'it would never run again'],
    ['0 0 0 1 1 ? 2030-2027', 'year', '2030-2027', undefined],
    ['0 0 0 1 1 ? H', 'year', 'H', 'a job has no year to be spread over', { id: 'x' }],
    ['*/0 * * * *', 'minute', '/0', undefined],
    ['*/60 * * * *', 'minute', '/60', 'a larger step than the range is never taken'],
    ['* */24 * * *', 'hour', '/24', 'a larger step than the range is never taken'],
    ['* * */32 * *', 'day of month', '/32', 'a larger step than the range is never taken'],
    ['* * * * */8', 'day of week', '/8', 'a larger step than the range is never taken'],
    ['0-10/12 * * * *', 'minute', '/12', 'a larger step than the range is never taken'],
    [
      'H(0-4)/6 * * * *',
      'minute',
      '/6',
      'a larger step than the range is never taken',
      { id: 'x' },
    ],
    ['*/x * * * *', 'minute', '/x', undefined],
    ['1/2/3 * * * *', 'minute', '1/2/3', undefined],
    ['1-2-3 * * * *', 'minute', '1-2-3', undefined],
    ['5- * * * *', 'minute', '5-', undefined],
    ['1,,2 * * * *', 'minute', '1,,2', 'lists hold no blanks: MON,WED'],
    ['? * * * *', 'minute', '?', '? belongs to one of the two day fields, alone'],
    ['*,5 * * * *', 'minute', '*,5', '* in a list leaves open what the rest is for'],
    ['* * ?,5 * *', 'day of month', '?,5', '? in a list leaves open what the rest is for'],
    ['* * * ? * ?', 'expression', '?', 'write * in the other'],
    ['0 0 * * monday', 'day of week', 'monday', 'write MON'],
    ['0 0 1 Jann *', 'month', 'Jann', 'write JAN'],
    ['H * * * *', 'minute', 'H', 'pass { id } with the expression'],
    ['H(5) * * * *', 'minute', 'H(5)', undefined, { id: 'x' }],
    ['H(0-99) * * * *', 'minute', '99', undefined, { id: 'x' }],
    ['0 0 1-5W * *', 'day of month', '1-5W', expect.stringContaining('LW') as string],
    ['0 0 W * *', 'day of month', 'W', expect.stringContaining('15W') as string],
    ['0 0 32W * *', 'day of month', '32', undefined],
    ['0 0 L-31 * *', 'day of month', 'L-31', undefined],
    ['0 0 LW-0 * *', 'day of month', 'LW-0', undefined],
    ['0 0 * * LW', 'day of week', 'LW', 'LW belongs to the day of month'],
    ['0 0 * * l-3', 'day of week', 'l-3', 'L-3 belongs to the day of month'],
    ['0 0 * * 15W', 'day of week', '15W', '15W belongs to the day of month'],
    ['0 0 * * L', 'day of week', 'L', 'write SAT or SUN, or FRIL for the last Friday'],
    ['0 0 * * FRI#6', 'day of week', 'FRI#6', undefined],
    ['0 0 * * FRI#L', 'day of week', 'FRI#L', 'write FRIL for the last one'],
    ['0 0 * * 1-5#2', 'day of week', '1-5#2', 'list them: MON#1,TUE#1'],
    ['0 0 30 2 *', 'day of month', '30', expect.stringContaining('never') as string],
    ['0 0 31 2,4 *', 'day of month', '31', expect.stringContaining('never') as string],
    ['0 0 L-29 2 *', 'day of month', 'L-29', expect.stringContaining('never') as string],
    ['0 0 0 29 2 ? 2027,2029', 'day of month', '29', expect.stringContaining('never') as string],
    ['0 0 0 ? 2 FRI#5 2030', 'day of week', 'FRI#5', expect.stringContaining('never') as string],
    ['@dayly', 'expression', '@dayly', 'did you mean @daily?'],
    ['@reboot', 'expression', '@reboot', expect.stringContaining('reboot') as string],
    ['@constructor', 'expression', '@constructor', undefined],
    ['', 'expression', '', undefined],
    ['* * * *', 'expression', '* * * * (4 fields)', undefined],
    ['* * * * * * * *', 'expression', '* * * * * * * * (8 fields)', undefined],
    ['0 0 ? JAN, MON', 'month', 'JAN,', 'lists hold no blanks: MON,WED'],
    [
      '0 0 ? * MON, WED 2030 2031',
      'expression',
      expect.anything() as string,
      'lists hold no blanks: MON,WED',
    ],
    [
      '0 0 * * 1',
      'expression',
      '0 0 * * 1 (5 fields)',
      "put a second in front, or take the dialect 'unix'",
      { dialect: 'quartz' },
    ],
  ])('%s: the %s', (text, field, got, hint, options) => {
    const fault = refusal(text, options).faults.find((each) => each.field === field);
    expect(fault).toMatchObject({ field, got });
    expect(fault?.hint).toEqual(hint);
  });

  it('is told whole: every fault of every field', () => {
    const error = refusal('*/90 24 24 0 Foo 0 1969');
    expect(error).toBeInstanceOf(JobsError);
    expect(error.name).toBe('InvalidCronError');
    expect(error.expression).toBe('*/90 24 24 0 Foo 0 1969');
    expect(error.message).toBe(
      [
        'Invalid cron expression "*/90 24 24 0 Foo 0 1969" (6 faults):',
        '  - second: expected a step from 1 to 59, got "/90": a larger step than the range is never taken',
        '  - hour: expected a number from 0 to 23, got "24": midnight is 0',
        '  - day of month: expected a number from 1 to 31, got "0": days start at 1',
        '  - month: expected a number from 1 to 12 or a name from JAN to DEC, got "Foo"',
        '  - day of week: expected a number from 1 to 7 or a name from SUN to SAT, got "0": Sunday is 1 here; write SUN',
        '  - year: expected a number from 1970 to 2099, got "1969"',
      ].join('\n'),
    );
  });

  it('is an expression whose last tick has passed, unless the past is allowed', () => {
    const text = '0 0 0 1 1 ? 2026';
    const now = Date.UTC(2026, 5, 1);
    expect(refusal(text, { now }).faults).toEqual([
      {
        field: 'expression',
        got: text,
        reason: 'a time after 2026-06-01T00:00:00.000Z',
        hint: 'it would never run again',
      },
    ]);
    const stored = CronExpression.parse(text, { now: 0 });
    expect(stored.next(now)).toBeUndefined();
    expect(stored.next(0)).toBe(Date.UTC(2026, 0, 1));
  });

  it('is too long to be meant, and not repeated whole', () => {
    const error = refusal(`${'1,'.repeat(500)}1 * * * *`);
    expect(error.faults).toMatchObject([
      { field: 'expression', reason: 'at most 1000 characters' },
    ]);
    expect(error.message.length).toBeLessThan(300);
  });

  it.each([undefined, null, 5, {}, [], Symbol('x')])('is %s', (value) => {
    expect(refusal(value as string).faults).toMatchObject([{ field: 'expression' }]);
  });
});
