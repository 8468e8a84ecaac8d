import 'reflect-metadata';
import { Injectable, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from 'vitest';
import { Job, Recurring } from '../decorators/index.js';
import { JobsConfigurationError } from '../errors/index.js';
import { JobLogger } from '../logging/index.js';
import {
  JOBS_OPTIONS,
  resolveOptions,
  type Recurrence,
  type RecurringOptions,
} from '../options/index.js';
import { HandlerExplorer, HandlerRegistry, type DeclaredRecurrence } from './index.js';

const calendars = { weekends: { excludes: () => false }, holidays: { excludes: () => false } };

/** What a boot with these providers finds: recurring jobs, or every fault. */
async function boot(
  providers: Provider[],
): Promise<{ recurrences: readonly DeclaredRecurrence[]; problems: readonly string[] }> {
  const app = await Test.createTestingModule({
    imports: [DiscoveryModule],
    providers: [
      HandlerExplorer,
      HandlerRegistry,
      { provide: JOBS_OPTIONS, useValue: resolveOptions({ calendars }) },
      { provide: JobLogger, useValue: { warn: () => undefined } },
      ...providers,
    ],
  }).compile();
  try {
    return { recurrences: app.get(HandlerRegistry).recurrences, problems: [] };
  } catch (error) {
    expect(error).toBeInstanceOf(JobsConfigurationError);
    return { recurrences: [], problems: (error as JobsConfigurationError).problems };
  } finally {
    await app.close();
  }
}

/** The faults of one use on `Service.run`. */
async function problemsOf(recurrence: unknown, options: unknown = {}): Promise<readonly string[]> {
  @Injectable()
  class Service {
    @Recurring(recurrence as Recurrence, options as RecurringOptions)
    run(): void {}
  }
  return (await boot([Service])).problems;
}

const ON = '@Recurring() on Service.run: ';

describe('a use of @Recurring()', () => {
  it('is a handler, and a recurring job with the defaults left out', async () => {
    @Injectable()
    class Reports {
      @Recurring('0 0 * * *', { queue: 'reports', attempts: 3 })
      nightly(): void {}

      @Recurring({ every: '10 min' }, { id: 'often', jitter: '5s' })
      @Recurring('@hourly', { id: 'hourly', timeZone: 'Europe/Berlin', calendars: ['weekends'] })
      @Job({ name: 'reports/short', queue: 'overruled', timeout: '1 min' })
      short(_topic?: string): void {}
    }
    const { recurrences } = await boot([Reports, { provide: 'again', useClass: Reports }]);
    expect(recurrences).toEqual([
      {
        id: 'Reports.nightly',
        scope: 'fleet',
        timing: { cron: '0 0 * * *', dialect: 'unix' },
        handler: expect.objectContaining({
          name: 'Reports.nightly',
          queue: 'reports',
          attempts: 3,
        }) as unknown,
      },
      expect.objectContaining({ id: 'often', timing: { everyMs: 600_000, jitterMs: 5_000 } }),
      expect.objectContaining({
        id: 'hourly',
        timing: {
          cron: '@hourly',
          timeZone: 'Europe/Berlin',
          dialect: 'unix',
          calendars: ['weekends'],
        },
        handler: expect.objectContaining({ name: 'reports/short', timeoutMs: 60_000 }) as unknown,
      }),
    ]);
  });

  it('has an id that can be one, whatever its handler is called', async () => {
    @Injectable()
    class Service {
      @Recurring('@daily', { name: 'mail/send:all' })
      run(): void {}
    }
    const { recurrences } = await boot([Service]);
    expect(recurrences[0]).toMatchObject({
      id: 'mail-send-all',
      handler: { name: 'mail/send:all' },
    });
  });

  it('is one recurring job, under however many tokens its class is provided', async () => {
    abstract class Mailer {}
    @Injectable()
    class SmtpMailer extends Mailer {
      @Recurring('@daily')
      flush(): void {}
    }
    const { recurrences } = await boot([{ provide: Mailer, useClass: SmtpMailer }, SmtpMailer]);
    expect(recurrences).toHaveLength(1);
  });
});

describe('faults of @Recurring()', () => {
  it.each<[string, unknown, unknown, RegExp]>([
    ['a field out of range', '61 * * * *', {}, /minute: expected .*, got "61"/],
    ['a field too few', '* * * *', {}, /Invalid cron expression "\* \* \* \*"/],
    ['a wrong word', '0 0 * * XON', {}, /day of week: expected .*, got "XON"/],
    ['the other dialect', '0 0 L * *', { dialect: 'quartz' }, /Invalid cron expression/],
    ['no cron expression', '', {}, /Invalid cron expression ""/],
    ['an interval of zero', { every: 0 }, {}, /every: a duration above zero .*, got 0/],
    ['an interval in words', { every: 'often' }, {}, /every: a duration above zero .*"often"/],
    ['no recurrence at all', undefined, {}, /expected a cron expression or .* got undefined/],
    ['no such time zone', '@daily', { timeZone: 'Europe/Berln' }, /Did you mean "Europe\/Berlin"/],
    ['an option that is misspelt', '@daily', { overlapp: 'skip' }, /did you mean "overlap"\?/],
    ['an option of nothing', '@daily', { colour: 1 }, /unknown option "colour"$/],
    ['a wrong scope', '@daily', { scope: 'world' }, /"scope" expected 'fleet' or 'process', got/],
    ['a wrong policy', '@daily', { misfire: 'no' }, /"misfire" expected 'fire-once' or 'skip'/],
    ['a wrong id', '@daily', { id: 'a b' }, /"id" expected an id of 1 to 128 letters/],
    ['a limit of zero', '@daily', { limit: 0 }, /"limit" expected a whole number of at least 1/],
    ['a schema', '@daily', { schema: {} }, /unknown option "schema"/],
    ['an unknown calendar', '@daily', { calendars: ['holiday'] }, /names "holiday", which forRoot/],
    ['a date as text', '@daily', { startAt: '2026-01-01' }, /"startAt" expected a valid Date/],
    [
      'an end before the start',
      '@daily',
      { startAt: new Date('2026-02-01'), endAt: new Date('2026-01-01') },
      /expected "endAt" not before "startAt", got 2026-01-01/,
    ],
    ['an option of @Job()', '@daily', { attempts: 0 }, /"attempts" expected a whole number/],
    ['no options object', '@daily', 'daily', /expected an options object, got "daily"/],
    ['null for options', '@daily', null, /expected an options object, got null/],
  ])('are reported: %s', async (_what, recurrence, options, fault) => {
    const problems = await problemsOf(recurrence, options);
    expect(problems).toEqual([expect.stringMatching(fault)]);
    expect(problems[0]!.startsWith(ON)).toBe(true);
  });

  it('are reported all at once, with those of @Job()', async () => {
    @Injectable()
    class First {
      @Recurring('61 * * * *', { id: 'same', attemps: 3, queue: 'a b' } as never)
      run(): void {}

      @Job({ attempts: 0 })
      @Recurring('@never', { id: 'same' })
      mixed(): void {}

      @Recurring('@daily')
      static onClass(): void {}

      @Job({ timeout: 0 })
      job(): void {}
    }
    @Injectable()
    class Second {
      @Recurring({ every: 0 }, { id: 'same', calendars: ['none'], scope: 'all' } as never)
      run(): void {}
    }
    const { problems } = await boot([First, Second]);
    const expected = [
      '@Recurring() on First.onClass: expected an instance method, got a static one',
      '@Job() on First.mixed: "attempts" expected a whole number',
      '@Job() on First.job: "timeout" expected',
      '@Recurring() on First.run: Invalid cron expression "61 * * * *"',
      '@Recurring() on First.run: unknown option "attemps"; did you mean "attempts"?',
      '@Recurring() on First.run: "queue" expected a queue name',
      '@Recurring() on First.mixed: Invalid cron expression "@never"',
      'duplicate recurring job "same": First.run and First.mixed; give each @Recurring() an "id"',
      'duplicate recurring job "same": First.run and Second.run',
      '@Recurring() on Second.run: expected a cron expression or { every',
      '@Recurring() on Second.run: "calendars" names "none"',
      `@Recurring() on Second.run: "scope" expected 'fleet' or 'process'`,
    ];
    for (const text of expected) expect(problems).toContainEqual(expect.stringContaining(text));
    expect(problems).toHaveLength(expected.length);
  });

  it('are told of two uses on one method that have no id', async () => {
    @Injectable()
    class Service {
      @Recurring('@daily')
      @Recurring('@hourly')
      run(): void {}
    }
    expect((await boot([Service])).problems).toEqual([
      'duplicate recurring job "Service.run": Service.run and Service.run; give each @Recurring() an "id"',
    ]);
  });

  it('are told of two uses on one method that say different things of its jobs', async () => {
    const backoff = { type: 'fixed', delay: 5 } as const;
    @Injectable()
    class Service {
      @Recurring('@daily', { id: 'a', attempts: 2, queue: 'q', backoff })
      @Recurring('@hourly', { id: 'b', attempts: 3, timeout: 5, backoff: { ...backoff } })
      run(): void {}

      @Recurring('@daily', { id: 'c', attempts: 2, misfire: 'skip' })
      @Recurring('@hourly', { id: 'd', attempts: 2 })
      agreed(): void {}
    }
    expect((await boot([Service])).problems).toEqual([
      `${ON}its uses differ in "attempts"; give it once, it counts for all of them`,
    ]);
  });

  it.each([
    ['a getter', 'getter', /expected a method, got a getter or setter/],
    ['a symbol', 'symbol', /expected a method with a name, got one with a symbol/],
  ])('are reported: on %s', async (_what, kind, fault) => {
    class Service {
      get getter(): () => void {
        return () => undefined;
      }

      [Symbol.iterator](): void {}
    }
    const key = kind === 'getter' ? 'getter' : Symbol.iterator;
    const descriptor = Object.getOwnPropertyDescriptor(Service.prototype, key)!;
    Recurring('@daily')(Service.prototype, key, descriptor);
    expect((await boot([Service])).problems).toEqual([expect.stringMatching(fault)]);
  });
});
