import type { JobHandle } from 'nestjs-jobs';
import type { Observable } from 'rxjs';
import { describe, expectTypeOf, it } from 'vitest';
import {
  EmailService,
  FancyEmailService,
  jobs,
  Mailer,
  Repository,
  transaction,
  type User,
} from './fixtures.js';

describe('enqueue', () => {
  it('gives the handle of what the method returns', () => {
    expectTypeOf(jobs.enqueue(EmailService, (s) => s.send('a'))).resolves.toEqualTypeOf<
      JobHandle<number>
    >();
    expectTypeOf(jobs.enqueue(EmailService, (s) => s.count())).resolves.toEqualTypeOf<
      JobHandle<number>
    >();
    expectTypeOf(jobs.enqueue(EmailService, (s) => s.remind({ id: '1' }))).resolves.toEqualTypeOf<
      JobHandle<void>
    >();
    expectTypeOf(jobs.enqueue(EmailService, (s) => s.latest())).resolves.toEqualTypeOf<
      JobHandle<User | undefined>
    >();
  });

  it('gives the handle of the last value of an Observable', () => {
    abstract class Feeds {
      abstract read(): Observable<User>;
      abstract readLater(): Promise<Observable<number>>;
    }
    expectTypeOf(jobs.enqueue(Feeds, (s) => s.read())).resolves.toEqualTypeOf<JobHandle<User>>();
    expectTypeOf(jobs.enqueue(Feeds, (s) => s.readLater())).resolves.toEqualTypeOf<
      JobHandle<number>
    >();
  });

  it('gives the result of the job', async () => {
    const job = await jobs.enqueue(EmailService, (s) => s.send('a'));
    expectTypeOf(job.result()).resolves.toEqualTypeOf<number>();
    expectTypeOf(job.result).returns.resolves.not.toBeAny();
  });

  it('takes the result of the overload that is called', () => {
    expectTypeOf(jobs.enqueue(EmailService, (s) => s.find('1'))).resolves.toEqualTypeOf<
      JobHandle<User>
    >();
    expectTypeOf(jobs.enqueue(EmailService, (s) => s.find(['1']))).resolves.toEqualTypeOf<
      JobHandle<User[]>
    >();
    // @ts-expect-error no overload takes a number
    void jobs.enqueue(EmailService, (s) => s.find(1));
  });

  it('knows the methods of the class, inherited ones too', () => {
    expectTypeOf(jobs.enqueue(FancyEmailService, (s) => s.send('a'))).resolves.toEqualTypeOf<
      JobHandle<number>
    >();
    expectTypeOf(jobs.enqueue(FancyEmailService, (s) => s.decorate('red'))).resolves.toEqualTypeOf<
      JobHandle<string>
    >();
    // @ts-expect-error the base class has no such method
    void jobs.enqueue(EmailService, (s) => s.decorate('red'));
  });

  it('takes an abstract class', () => {
    expectTypeOf(jobs.enqueue(Mailer, (s) => s.deliver('a'))).resolves.toEqualTypeOf<
      JobHandle<boolean>
    >();
    // @ts-expect-error wrong argument
    void jobs.enqueue(Mailer, (s) => s.deliver(5));
  });

  it('takes a class with type parameters', () => {
    const save = jobs.enqueue(Repository<User>, (s) => s.save({ id: '1' }));
    expectTypeOf(save).resolves.toEqualTypeOf<JobHandle<User>>();
    // @ts-expect-error an item is a user
    void jobs.enqueue(Repository<User>, (s) => s.save('1'));
  });

  it('refuses a method that does not exist, or is private', () => {
    // @ts-expect-error misspelt
    void jobs.enqueue(EmailService, (s) => s.sned('a'));
    // @ts-expect-error private
    void jobs.enqueue(EmailService, (s) => s.hidden());
    // @ts-expect-error a property cannot be called
    void jobs.enqueue(EmailService, (s) => s.domain());
  });

  it('refuses wrong, missing and surplus arguments', () => {
    // @ts-expect-error a number for text
    void jobs.enqueue(EmailService, (s) => s.send(5));
    // @ts-expect-error missing
    void jobs.enqueue(EmailService, (s) => s.send());
    // @ts-expect-error surplus
    void jobs.enqueue(EmailService, (s) => s.send('a', 1, 2));
    // @ts-expect-error a wrong object
    void jobs.enqueue(EmailService, (s) => s.remind({ name: 'a' }));
    // @ts-expect-error not in the union
    void jobs.enqueue(FancyEmailService, (s) => s.decorate('green'));
  });

  it('refuses what is no class, or no callback', () => {
    // @ts-expect-error an instance
    void jobs.enqueue({} as EmailService, (s) => s);
    // @ts-expect-error a name
    void jobs.enqueue('EmailService', (s) => s);
    // @ts-expect-error no callback
    void jobs.enqueue(EmailService);
    // @ts-expect-error a name for the callback
    void jobs.enqueue(EmailService, 'send');
  });

  it('knows its options', () => {
    void jobs.enqueue(EmailService, (s) => s.count(), {
      id: 'a',
      attempts: 3,
      timeout: '1 min',
      lifo: true,
    });
    void jobs.enqueue(EmailService, (s) => s.count(), {
      backoff: { type: 'delays', delays: ['1s', 5] },
    });
    // @ts-expect-error misspelt
    void jobs.enqueue(EmailService, (s) => s.count(), { atempts: 3 });
    // @ts-expect-error a time is for schedule()
    void jobs.enqueue(EmailService, (s) => s.count(), { delay: '1s' });
    // @ts-expect-error text for a number
    void jobs.enqueue(EmailService, (s) => s.count(), { priority: '1' });
    // @ts-expect-error a function cannot be stored with a job
    void jobs.enqueue(EmailService, (s) => s.count(), { backoff: () => 5 });
  });

  it('hands the callback the service, not any', () => {
    void jobs.enqueue(EmailService, (s) => {
      expectTypeOf(s).toEqualTypeOf<EmailService>();
      return s.count();
    });
    expectTypeOf(jobs.enqueue(EmailService, (s) => s.count())).resolves.not.toBeAny();
  });

  it('is the same inside a transaction', () => {
    expectTypeOf(transaction.enqueue(EmailService, (s) => s.send('a'))).resolves.toEqualTypeOf<
      JobHandle<number>
    >();
    // @ts-expect-error wrong argument
    void transaction.enqueue(EmailService, (s) => s.send(5));
  });
});

describe('handles of different results', () => {
  it('are different types', () => {
    expectTypeOf<JobHandle<string>>().not.toExtend<JobHandle<number>>();
    expectTypeOf<JobHandle<number>>().toExtend<JobHandle>();
    expectTypeOf<Awaited<ReturnType<JobHandle['result']>>>().toBeUnknown();
  });
});
