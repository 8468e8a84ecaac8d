import type {
  BackoffFunction,
  BackoffOptions,
  ConcurrencyOptions,
  ContextCarrier,
  Duration,
  EnqueueManyOptions,
  EnqueueOptions,
  HandleOf,
  JobContext,
  JobDetails,
  JobHandle,
  JobInfo,
  JobOptions,
  JobRef,
  JobsConnection,
  JobScheduler,
  JobsHealth,
  JobsModuleAsyncOptions,
  JobsModuleOptions,
  JobStateName,
  LimitChange,
  LimitsNow,
  QueueOptions,
  RecurringJobOptions,
  RateLimitOptions,
  Retention,
  ScheduleOptions,
  ServerInfo,
  StoredPayload,
  UniqueOptions,
} from 'nestjs-jobs';
import { describe, expectTypeOf, it } from 'vitest';
import { jobs } from './fixtures.js';

/** Whether `any` hides in a type or in one of its members, parameters or results. */
type HasAny<T> = 0 extends 1 & T
  ? true
  : T extends (...args: infer A) => infer R
    ? true extends HasAny<A[number]> | HasAny<Awaited<R>>
      ? true
      : false
    : T extends object
      ? true extends {
          [K in keyof T]: 0 extends 1 & T[K]
            ? true
            : T[K] extends (...args: infer A) => infer R
              ? 0 extends 1 & A[number]
                ? true
                : 0 extends 1 & Awaited<R>
                  ? true
                  : false
              : false;
        }[keyof T]
        ? true
        : false
      : false;

describe('the public types', () => {
  it('are what they say, never any', () => {
    expectTypeOf<BackoffFunction>().not.toBeAny();
    expectTypeOf<BackoffOptions>().not.toBeAny();
    expectTypeOf<JobsConnection>().not.toBeAny();
    expectTypeOf<JobRef>().not.toBeAny();
    expectTypeOf<JobStateName>().not.toBeAny();
    expectTypeOf<Retention>().not.toBeAny();
    expectTypeOf<ScheduleOptions>().not.toBeAny();
    expectTypeOf<EnqueueManyOptions<string>>().not.toBeAny();
    expectTypeOf<HandleOf<Promise<string>>>().toEqualTypeOf<JobHandle<string>>();
    expectTypeOf<Duration>().toEqualTypeOf<number | string>();
  });

  it('have no any among their members, parameters and results', () => {
    expectTypeOf<HasAny<{ a: any }>>().toEqualTypeOf<true>();
    expectTypeOf<HasAny<{ a: () => Promise<any> }>>().toEqualTypeOf<true>();
    expectTypeOf<HasAny<JobInfo>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<JobDetails>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<JobHandle<string>>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<JobOptions>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<ConcurrencyOptions>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<RateLimitOptions>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<UniqueOptions>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<LimitsNow>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<LimitChange>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<EnqueueOptions>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<QueueOptions>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<JobsModuleOptions>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<ContextCarrier>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<ServerInfo>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<StoredPayload>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<JobContext>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<JobScheduler>>().toEqualTypeOf<false>();
    expectTypeOf<HasAny<JobsHealth>>().toEqualTypeOf<false>();
    expectTypeOf<JobsModuleAsyncOptions['useFactory']>().not.toBeAny();
  });
});

describe('the scheduler', () => {
  it('finds a job by its handle, its queue and id, or its id', () => {
    expectTypeOf(jobs.get('1')).resolves.toEqualTypeOf<JobHandle | undefined>();
    expectTypeOf(jobs.get<number>({ queue: 'q', id: '1' })).resolves.toEqualTypeOf<
      JobHandle<number> | undefined
    >();
    void jobs.cancel({} as JobHandle<string>, 'reason');
    // @ts-expect-error a number is no id
    void jobs.cancel(1);
    // @ts-expect-error an id needs its queue
    void jobs.remove({ id: '1' });
  });

  it('answers with precise types', () => {
    expectTypeOf(jobs.cancel('1')).resolves.toEqualTypeOf<boolean>();
    expectTypeOf(jobs.retry('1')).resolves.toEqualTypeOf<void>();
    expectTypeOf<JobHandle['details']>().returns.resolves.toEqualTypeOf<JobDetails>();
    expectTypeOf<JobHandle['state']>().returns.resolves.toEqualTypeOf<JobStateName>();
  });
});

describe('the context of a job', () => {
  it('cannot be written, and takes small objects as progress', () => {
    expectTypeOf<JobContext['signal']>().toEqualTypeOf<AbortSignal>();
    expectTypeOf<JobContext['progress']>().parameter(0).toEqualTypeOf<number | object>();
    expectTypeOf<JobContext['extend']>().parameter(0).toEqualTypeOf<Duration>();
    const context = {} as JobContext;
    // @ts-expect-error read-only
    context.id = 'x';
  });
});

describe('once', () => {
  const context = {} as JobContext;

  it('returns what the action returns', () => {
    expectTypeOf(context.once('a', () => 1)).resolves.toEqualTypeOf<number>();
    expectTypeOf(context.once('a', async () => 'b')).resolves.toEqualTypeOf<string>();
    expectTypeOf(context.once('a', async () => undefined)).resolves.toEqualTypeOf<undefined>();
    expectTypeOf(context.once('a', () => new Map<string, Date>())).resolves.toEqualTypeOf<
      Map<string, Date>
    >();
  });

  it('takes a name and a function alone', () => {
    // @ts-expect-error a name is needed
    void context.once(() => 1);
    // @ts-expect-error not a function
    void context.once('a', 1);
    // @ts-expect-error a name is a text
    void context.once(7, () => 1);
  });
});

describe('an idempotency key', () => {
  it('is an option of every enqueue, with a duration', () => {
    const options = { idempotencyKey: 'a', idempotencyWindow: '2 days' } as const;
    expectTypeOf(options).toExtend<EnqueueOptions>();
    expectTypeOf({ ...options, delay: 5 }).toExtend<ScheduleOptions>();
    // @ts-expect-error a key is a text
    expectTypeOf({ idempotencyKey: 7 }).toExtend<EnqueueOptions>();
    // @ts-expect-error a window is a duration
    expectTypeOf({ idempotencyWindow: new Date() }).toExtend<EnqueueOptions>();
  });

  it('is none of a recurring job, whose ticks have ids of their own', () => {
    expectTypeOf<RecurringJobOptions>().not.toHaveProperty('idempotencyKey');
  });
});
