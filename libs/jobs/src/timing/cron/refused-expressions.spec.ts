import { describe, expect, it } from 'vitest';
import { InvalidCronError, JobsError } from '../../errors/index.js';
import { CronExpression, type CronOptions } from './cron-expression.js';

const NOW = Date.UTC(2026, 0, 1);

function refusal(text: string, options: CronOptions = {}): InvalidCronError {
  try {
    CronExpression.parse(text, { now: NOW, ...options });
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidCronError);
    return error as InvalidCronError;
  }
  throw new Error(`${text} was accepted`);
}

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
    ['* * * ? * 0 *', 'day of week', '0', 'Sunday is 1 here; write SUN'],
    ['* * * ? * 8 *', 'day of week', '8', undefined],
    ['0 0 0 1 1 ? 1969', 'year', '1969', undefined],
    ['0 0 0 1 1 ? 10000', 'year', '10000', undefined],
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
    ['? * * * * ?', 'second', '?', '? belongs to one of the two day fields, alone'],
    ['*,5 * * * *', 'minute', '*,5', '* in a list leaves open what the rest is for'],
    ['* * * ?,5 * *', 'day of month', '?,5', '? in a list leaves open what the rest is for'],
    ['* * * ? * ?', 'expression', '?', 'write * in the other'],
    ['0 0 * * monday', 'day of week', 'monday', 'write MON'],
    ['0 0 1 Jann *', 'month', 'Jann', 'write JAN'],
    ['H * * * *', 'minute', 'H', 'pass { id } with the expression'],
    ['H(5) * * * *', 'minute', 'H(5)', undefined, { id: 'x' }],
    ['H(0-99) * * * *', 'minute', '99', undefined, { id: 'x' }],
    ['0 0 1-5W * *', 'day of month', '1-5W', expect.stringContaining('LW') as string],
    ['0 0 W * *', 'day of month', 'W', expect.stringContaining('15W') as string],
    ['0 0 32W * *', 'day of month', '32', undefined],
    ['0 0 L-31 * *', 'day of month', 'L-31', 'L-3, LW-2'],
    ['0 0 L-x * *', 'day of month', 'L-x', 'L-3, LW-2'],
    ['0 0 LW-31 * *', 'day of month', 'LW-31', 'L-3, LW-2'],
    ['0 17-9 * * *', 'hour', '17-9', "only Quartz's ranges go on past the end; write 17-23,0-9"],
    [
      '0 0 * NOV-FEB *',
      'month',
      'NOV-FEB',
      "only Quartz's ranges go on past the end; write NOV-DEC,JAN-FEB",
    ],
    [
      '0 0 * * fri-mon',
      'day of week',
      'fri-mon',
      "only Quartz's ranges go on past the end; write FRI-SAT,SUN-MON",
    ],
    [
      '0 0 0 * * 6-1',
      'day of week',
      '6-1',
      "only Quartz's ranges go on past the end; write 6-6,0-1",
      { dialect: 'unix' },
    ],
    ['H(30-5) * * * *', 'minute', 'H(30-5)', undefined, { id: 'x' }],
    ['0 H(30-5) * * * ?', 'minute', 'H(30-5)', undefined, { id: 'x' }],
    [
      '0 0 0 ? * SAT,SUN,L',
      'day of week',
      'SAT,SUN,L',
      'L in a list leaves open what the rest is for',
    ],
    ['0 0 0 ? * THU,FRI/2', 'day of week', 'FRI/2', expect.stringContaining('14 days') as string],
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
        '  - year: expected a number from 1970 to 9999, got "1969"',
      ].join('\n'),
    );
  });

  it.each([
    ['0 0 9 * * 1-5', 'SUN-THU', 'MON-FRI'],
    ['0 0 9 ? * 6L', 'FRIL', 'SATL'],
    ['0 0 9 ? * 5#3,0', 'THU#3,no day', 'FRI#3,SUN'],
    ['0 0 9 * * 7/2,*/3', 'SAT/2,*/3', 'SUN/2,*/3'],
  ])('is a weekday by number in six fields, with both readings: %s', (text, quartz, unix) => {
    const { faults, message } = refusal(text);
    expect(faults).toHaveLength(1);
    expect(message).toContain(
      `${quartz} to Quartz, ${unix} to Unix, @nestjs/schedule and Spring; ` +
        "write the one that is meant, or give the dialect 'quartz' or 'unix'",
    );
    expect(CronExpression.parse(text, { now: NOW, dialect: 'unix' }).dialect).toBe('unix');
  });

  it('is no other number in the field of weekdays', () => {
    for (const text of ['0 0 9 ? * FRI#2', '0 0 9 * * */2', '0 0 9 ? * MON-FRI/2']) {
      expect(CronExpression.parse(text).dialect).toBe('quartz');
    }
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
