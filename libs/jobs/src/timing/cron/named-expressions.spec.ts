import { CronExpression as Theirs } from '@nestjs/schedule';
import { Cron } from 'croner';
import { describe, expect, it } from 'vitest';
import { CronExpression } from './cron-expression.js';

const AFTER = new Date('2026-02-26T00:00:00Z');

describe('the names of the CronExpression of @nestjs/schedule', () => {
  it.each(Object.entries(Theirs))('%s has the ticks that it has there', (name, theirs) => {
    const text = (CronExpression as unknown as Record<string, string>)[name];
    const expected = new Cron(theirs, { timezone: 'UTC' }).nextRuns(40, AFTER);
    const found = CronExpression.parse(text!).take(AFTER.getTime(), 40);
    expect(found).toEqual(expected.map((date) => date.getTime()));
  });

  it('are its only static properties, beside parse()', () => {
    expect(Object.keys(Object.getPrototypeOf(CronExpression) as object).toSorted()).toEqual(
      Object.keys(Theirs).toSorted(),
    );
  });

  it('are refused there, where six fields have weekdays by number, and read with a dialect', () => {
    const theirs = Theirs.MONDAY_TO_FRIDAY_AT_9AM;
    expect(() => CronExpression.parse(theirs)).toThrow('MON-FRI to Unix, @nestjs/schedule');
    const { MONDAY_TO_FRIDAY_AT_9AM } = CronExpression;
    expect(CronExpression.parse(theirs, { dialect: 'unix' }).take(0, 20)).toEqual(
      CronExpression.parse(MONDAY_TO_FRIDAY_AT_9AM).take(0, 20),
    );
  });
});
