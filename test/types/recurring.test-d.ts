import {
  Cron,
  Recurring,
  type JobHandle,
  type RecurringJob,
  type RecurringJobOptions,
  type RecurringOptions,
} from 'nestjs-jobs';
import { describe, expectTypeOf, it } from 'vitest';
import { EmailService, FancyEmailService, jobs, Mailer } from './fixtures.js';

const { recurring } = jobs;

describe('@Recurring()', () => {
  it('is for methods that can be called without arguments', () => {
    class Service {
      @Recurring('@daily')
      none(): void {}

      @Recurring(Cron.daily(2, 30), { id: 'nightly', timeZone: 'Asia/Kolkata', attempts: 3 })
      async optional(_limit?: number): Promise<number> {
        return 1;
      }

      @Recurring({ every: '10 min' }, { overlap: 'queue', jitter: 5_000 })
      withDefault(_limit = 5): void {}

      @Recurring({ every: 1_000 }, { scope: 'process' })
      rest(..._names: string[]): void {}

      // @ts-expect-error a tick has no argument to give
      @Recurring('@daily')
      one(_userId: string): void {}

      // @ts-expect-error nor has it one that may be undefined
      @Recurring('@daily')
      explicit(_userId: string | undefined): void {}

      // @ts-expect-error the second is missing, too
      @Recurring('@daily')
      two(_limit: number, _other?: string): void {}
    }
    expectTypeOf<Service['optional']>().toEqualTypeOf<(limit?: number) => Promise<number>>();
  });

  it('is for methods alone', () => {
    // @ts-expect-error a class
    @Recurring('@daily')
    class Service {
      // @ts-expect-error a property
      @Recurring('@daily')
      run = 1;
    }
    expectTypeOf(Service).not.toBeAny();
  });

  it('refuses unknown and wrong options', () => {
    // @ts-expect-error no recurrence
    Recurring();
    // @ts-expect-error no number
    Recurring(5_000);
    // @ts-expect-error misspelt
    Recurring({ evry: '1 min' });
    // @ts-expect-error misspelt
    Recurring('@daily', { overlapp: 'skip' });
    // @ts-expect-error no such policy
    Recurring('@daily', { misfire: 'fire-twice' });
    // @ts-expect-error no such scope
    Recurring('@daily', { scope: 'world' });
    // @ts-expect-error a date as text
    Recurring('@daily', { startAt: '2026-01-01' });
    // @ts-expect-error one calendar for a list
    Recurring('@daily', { calendars: 'weekends' });
    expectTypeOf<'schema'>().not.toExtend<keyof RecurringOptions>();
  });
});

describe('recurring.addOrUpdate', () => {
  it('takes a call with all its arguments', () => {
    const added = recurring.addOrUpdate('a', EmailService, (s) => s.send('a', 2), '@daily');
    expectTypeOf(added).toEqualTypeOf<Promise<void>>();
    void recurring.addOrUpdate('a', FancyEmailService, (s) => s.decorate('red'), {
      every: '1 min',
    });
    void recurring.addOrUpdate('a', Mailer, (m) => m.deliver('a'), Cron.hourly(), {
      misfire: 'fire-all',
      attempts: 3,
      priority: 1,
    });
  });

  it('refuses a call that does not fit', () => {
    // @ts-expect-error a number for text
    void recurring.addOrUpdate('a', EmailService, (s) => s.send(5), '@daily');
    // @ts-expect-error an argument is missing
    void recurring.addOrUpdate('a', EmailService, (s) => s.send(), '@daily');
    // @ts-expect-error misspelt
    void recurring.addOrUpdate('a', EmailService, (s) => s.sned('a'), '@daily');
    // @ts-expect-error private
    void recurring.addOrUpdate('a', EmailService, (s) => s.hidden(), '@daily');
    // @ts-expect-error no recurrence
    void recurring.addOrUpdate('a', EmailService, (s) => s.send('a'));
    // @ts-expect-error no id
    void recurring.addOrUpdate(EmailService, (s: EmailService) => s.send('a'), '@daily');
  });

  it('refuses options that each run has of its own', () => {
    // @ts-expect-error each run has an id of its own
    void recurring.addOrUpdate('a', EmailService, (s) => s.count(), '@daily', { id: 'a' });
    // @ts-expect-error misspelt
    void recurring.addOrUpdate('a', EmailService, (s) => s.count(), '@daily', { atempts: 3 });
    expectTypeOf<'scope' | 'delay'>().not.toExtend<keyof RecurringJobOptions>();
  });
});

describe('recurring jobs', () => {
  it('are listed, triggered and changed by their id', () => {
    expectTypeOf(recurring.list()).resolves.toEqualTypeOf<readonly RecurringJob[]>();
    expectTypeOf(recurring.get('a')).resolves.toEqualTypeOf<RecurringJob | undefined>();
    expectTypeOf(recurring.trigger('a')).resolves.toEqualTypeOf<JobHandle>();
    expectTypeOf(recurring.remove('a')).resolves.toEqualTypeOf<boolean>();
    void recurring.reschedule('a', '@daily', { timeZone: 'UTC' });
    // @ts-expect-error how a run is retried is no matter of its schedule
    void recurring.reschedule('a', '@daily', { attempts: 3 });
    // @ts-expect-error no recurrence
    void recurring.reschedule('a');
  });
});
