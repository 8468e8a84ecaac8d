import type { JobHandle, ScheduleOptions } from 'nestjs-jobs';
import { describe, expectTypeOf, it } from 'vitest';
import { EmailService, jobs, type User } from './fixtures.js';

describe('schedule', () => {
  it('takes a delay or a date', () => {
    const byDelay = jobs.schedule(EmailService, (s) => s.send('a'), { delay: '3 days' });
    expectTypeOf(byDelay).resolves.toEqualTypeOf<JobHandle<number>>();
    void jobs.schedule(EmailService, (s) => s.send('a'), { delay: 5_000, attempts: 3 });
    void jobs.schedule(EmailService, (s) => s.send('a'), { at: new Date(), id: 'a' });
  });

  it('takes exactly one of them', () => {
    // @ts-expect-error no options
    void jobs.schedule(EmailService, (s) => s.send('a'));
    // @ts-expect-error neither
    void jobs.schedule(EmailService, (s) => s.send('a'), {});
    // @ts-expect-error neither
    void jobs.schedule(EmailService, (s) => s.send('a'), { attempts: 3 });
    // @ts-expect-error both
    void jobs.schedule(EmailService, (s) => s.send('a'), { delay: 5, at: new Date() });
    // @ts-expect-error both, one of them undefined by its type only
    void jobs.schedule(EmailService, (s) => s.send('a'), { delay: 5 as number | undefined });
    expectTypeOf<object>().not.toExtend<ScheduleOptions>();
  });

  it('refuses what is no delay, or no date', () => {
    // @ts-expect-error a date as text
    void jobs.schedule(EmailService, (s) => s.send('a'), { at: '2026-01-01' });
    // @ts-expect-error a date for a delay
    void jobs.schedule(EmailService, (s) => s.send('a'), { delay: new Date() });
  });

  it('checks the call', () => {
    // @ts-expect-error wrong argument
    void jobs.schedule(EmailService, (s) => s.send(5), { delay: 5 });
  });
});

describe('enqueueMany', () => {
  const users: User[] = [];

  it('knows its items', () => {
    const outcomes = jobs.enqueueMany(EmailService, users, (s, user) => {
      expectTypeOf(user).toEqualTypeOf<User>();
      return s.remind(user);
    });
    expectTypeOf(outcomes).resolves.toEqualTypeOf<PromiseSettledResult<JobHandle<void>>[]>();
  });

  it('takes any iterable', () => {
    void jobs.enqueueMany(EmailService, new Set(['a']), (s, to) => s.send(to));
    void jobs.enqueueMany(EmailService, new Map([['a', 1]]), (s, [to, copies]) =>
      s.send(to, copies),
    );
    // @ts-expect-error a number has no items
    void jobs.enqueueMany(EmailService, 5, (s) => s.count());
  });

  it('refuses a call that does not fit its items', () => {
    // @ts-expect-error a user for text
    void jobs.enqueueMany(EmailService, users, (s, user) => s.send(user));
  });

  it('makes options of an item', () => {
    void jobs.enqueueMany(
      EmailService,
      users,
      (s, user) => s.remind(user),
      (user, index) => {
        expectTypeOf(user).toEqualTypeOf<User>();
        expectTypeOf(index).toEqualTypeOf<number>();
        return { id: `${user.id}-${index}` };
      },
    );
    // @ts-expect-error misspelt
    void jobs.enqueueMany(EmailService, users, (s, user) => s.remind(user), { atempts: 3 });
    const wrong = () => ({ attempts: '3' });
    // @ts-expect-error text for a number
    void jobs.enqueueMany(EmailService, users, (s, user) => s.remind(user), wrong);
  });
});

describe('enqueueByName', () => {
  it('gives a handle of an unknown result', () => {
    expectTypeOf(jobs.enqueueByName('a.b', [1, 'x'])).resolves.toEqualTypeOf<JobHandle>();
    void jobs.enqueueByName('a.b', [], { queue: 'q', delay: '1s' });
  });

  it('takes a list of arguments', () => {
    // @ts-expect-error no list
    void jobs.enqueueByName('a.b', 'x');
    // @ts-expect-error missing
    void jobs.enqueueByName('a.b');
  });
});
