import { Calendar, type JobsModuleOptions } from 'nestjs-jobs';
import { describe, expectTypeOf, it } from 'vitest';

describe('Calendar', () => {
  it('is a value and a type of one name', () => {
    const calendar: Calendar = Calendar.weekdays(['SAT', 'SUN'], { timeZone: 'Europe/Berlin' });
    expectTypeOf({ calendars: { calendar } }).toExtend<JobsModuleOptions>();
    expectTypeOf(Calendar.anyOf(calendar, { excludes: () => false })).toEqualTypeOf<Calendar>();
    expectTypeOf(Calendar.monthly([1, 15, 'last'])).toEqualTypeOf<Calendar>();
    expectTypeOf(Calendar.dailyWindow('22:00', '06:00', { invert: true })).not.toBeAny();
  });

  it('refuses what is none of its arguments', () => {
    // @ts-expect-error a weekday in lower case
    Calendar.weekdays(['sat']);
    // @ts-expect-error one date, and not a list
    Calendar.dates('2026-12-25');
    // @ts-expect-error another last day
    Calendar.monthly(['first']);
    // @ts-expect-error no such option
    Calendar.annual(['12-25'], { timezone: 'UTC' });
    // @ts-expect-error an answer that comes later
    Calendar.where(() => Promise.resolve(true));
    // @ts-expect-error no calendar
    Calendar.not('weekend');
  });
});
