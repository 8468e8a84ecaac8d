import { describe, expect, it } from 'vitest';
import { InvalidCronError } from '../../errors/index.js';
import { CronExpression } from './cron-expression.js';

/** The days of October 2010 at 10:15; the 1st is a Friday, the 31st a Sunday. */
function october(days: string): number[] {
  const [from, to] = [Date.UTC(2010, 9, 1), Date.UTC(2010, 10, 1)];
  const expression = CronExpression.parse(`0 15 10 ${days} 2010`, { now: 0, dialect: 'quartz' });
  const ticks = expression.take(from - 1, 40).filter((tick) => tick < to);
  return ticks.map((tick) => new Date(tick).getUTCDate());
}

const upTo31 = (days: readonly number[]) => days.toSorted((a, b) => a - b);

/**
 * What Quartz.NET says of these expressions, and Quartz where it reads them; days and weekdays are
 * one month's.
 */
describe('Quartz.NET agrees', () => {
  it.each<[days: string, expected: number[]]>([
    ['6,15 * ?', [6, 15]],
    ['15,31 * ?', [15, 31]],
    ['5/5 10 ?', [5, 10, 15, 20, 25, 30]],
    ['/10 10 ?', [1, 11, 21, 31]],
    ['28-3 10 ?', [1, 2, 3, 28, 29, 30, 31]],
    ['L * ?', [31]],
    ['L-2 * ?', [29]],
    ['L,L-1,L-2 * ?', [29, 30, 31]],
    ['1,5,29,L * ?', [1, 5, 29, 31]],
    ['31,L-2 * ?', [29, 31]],
    ['LW * ?', [29]],
    ['6,15,LW * ?', [6, 15, 29]],
    ['L-1W * ?', [29]],
    ['L-1W,L-1 * ?', [29, 30]],
    ['L-5W * ?', [26]],
    ['LW-2 * ?', [27]],
    ['LW-7 * ?', [22]],
    ['LW-28 * ?', [1]],
    ['LW-30 * ?', [1]],
    ['15,LW-2 * ?', [15, 27]],
    ['2W,16 * ?', [1, 16]],
    ['16W,2 * ?', [2, 15]],
    ['2W,16W * ?', [1, 15]],
    ['? * MON-FRI', [1, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 18, 19, 20, 21, 22, 25, 26, 27, 28, 29]],
    ['? * FRI-MON', [1, 2, 3, 4, 8, 9, 10, 11, 15, 16, 17, 18, 22, 23, 24, 25, 29, 30, 31]],
    ['? * 6-2', [1, 2, 3, 4, 8, 9, 10, 11, 15, 16, 17, 18, 22, 23, 24, 25, 29, 30, 31]],
    ['? * 2/2', [1, 4, 6, 8, 11, 13, 15, 18, 20, 22, 25, 27, 29]],
    ['? * L', [2, 9, 16, 23, 30]],
    ['? * 6L', [29]],
    ['? * FRIL', [29]],
    ['? * 6#3', [15]],
    ['? * 1#5', [31]],
    ['? * 3#5', []],
    ['3 * MON,THU', [3, 4, 7, 11, 14, 18, 21, 25, 28]],
    ['5/5 * MON', [4, 5, 10, 11, 15, 18, 20, 25, 30]],
  ])('on %s', (days, expected) => {
    expect(october(days)).toEqual(upTo31(expected));
  });

  it.each([
    '0 15 10 15,L-31 * ? 2010',
    '0 15 10 0W * ?',
    '0/5 * * 32W 1 ?',
    '0 15 10 ? * 1#0 *',
    '0 15 10 ? * 1#6 *',
    '0 15 10 ? * 0#1 *',
    '0 15 10 ? * 8#1 *',
    'L 15 10 15 * ?',
    '0 15 L 15 * ?',
    '0 15 10 15 L ?',
    '0 15 10 15 * ? L',
    '0 43 9 ? * SAT,SUN,L',
    '0 43 9 ? * 6,7,L *',
    '/120 0 8-18 ? * MON',
    '0/60 0 8-18 ? * MON',
    '/ 0 8-18 ? * MON',
    '0 0 15 ? * FRI*',
    '0 0x 1 ? * * *',
    '? 0 12 * * MON',
    '0 0 12 ? * ?',
    '0 0 * * * ?x',
    '0 15 10 * * ? 2030-2027',
    '0 15 10 * * ? 2030 *',
  ])('that %s is refused', (text) => {
    expect(() => CronExpression.parse(text, { dialect: 'quartz' })).toThrow(InvalidCronError);
  });
});

describe('Quartz.NET does not, as the doc comment says', () => {
  it('on * beside days that are named: crontab has the named ones', () => {
    expect(october('* * MON,THU')).toEqual([4, 7, 11, 14, 18, 21, 25, 28]);
    expect(october('1 * *')).toEqual([1]);
  });

  it('on lists of weekdays that are counted', () => {
    expect(october('? * MON#1,FRIL')).toEqual([4, 29]);
  });

  it('on a step behind the name of a weekday', () => {
    expect(() => october('? * FRI/2')).toThrow("use { every: '14 days' }");
  });
});
