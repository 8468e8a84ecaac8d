import { Job, Jobs, type JobOptions, type JobsClassOptions, type LimitsNow } from 'nestjs-jobs';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { jobs } from './fixtures.js';

describe('@Job()', () => {
  it('takes the options of a handler', () => {
    class Service {
      @Job({
        queue: 'emails',
        attempts: 3,
        backoff: (attempt, error) => {
          expectTypeOf(attempt).toEqualTypeOf<number>();
          expectTypeOf(error).toEqualTypeOf<Error>();
          return attempt > 2 ? false : '1 min';
        },
        retryIf: (error) => error.name !== 'TypeError',
        schema: [z.string(), undefined],
        removeOnFail: { age: '1 day', count: 5 },
      })
      send(_to: string): void {}
    }
    expectTypeOf(Service).not.toBeAny();
  });

  it('leaves the type of the method as it is', () => {
    class Service {
      @Job()
      send(to: string): Promise<number> {
        return Promise.resolve(to.length);
      }
    }
    expectTypeOf<Service['send']>().toEqualTypeOf<(to: string) => Promise<number>>();
  });

  it('refuses unknown and wrong options', () => {
    // @ts-expect-error misspelt
    Job({ atempts: 3 });
    // @ts-expect-error text for a number
    Job({ attempts: '3' });
    // @ts-expect-error no such kind
    Job({ backoff: { type: 'linear' } });
    // @ts-expect-error delays are for the kind "delays"
    Job({ backoff: { type: 'fixed', delays: [1] } });
    // @ts-expect-error "delays" needs them
    Job({ backoff: { type: 'delays' } });
    // @ts-expect-error no schema
    Job({ schema: { parse: () => 1 } });
  });

  it('takes key functions of the parameters of its method', () => {
    interface Order {
      customer: string;
    }
    class Service {
      @Job({
        concurrency: { key: (order: Order) => order.customer, limit: (key) => key.length },
        rateLimit: { key: (_order: Order, tenant: number) => tenant, max: 5, per: '1s' },
        unique: { key: 'one', for: 'until-started', onDuplicate: 'throw' },
      })
      ship(_order: Order, _tenant: number): void {}

      @Job({ concurrency: { key: (tenant) => tenant } })
      untyped(_tenant: string): void {}

      // @ts-expect-error the method's parameter is no number
      @Job({ concurrency: { key: (tenant: number) => tenant } })
      wrong(_tenant: string): void {}

      // @ts-expect-error the method has no second parameter
      @Job({ unique: { key: (_tenant: string, user: string) => user } })
      tooMany(_tenant: string): void {}
    }
    expectTypeOf(Service).not.toBeAny();
    // @ts-expect-error no key
    Job({ concurrency: { key: (order: Order) => order } });
    // @ts-expect-error no such thing
    Job({ queue: 'a', concurrency: { onLimit: 'explode' } });
    // @ts-expect-error misspelt
    Job({ queue: 'a', concurrency: { limits: 1 } });
    // @ts-expect-error "max" and "per" are needed
    Job({ rateLimit: { max: 1 } });
  });

  it('is for methods', () => {
    // @ts-expect-error a class
    @Job()
    class Service {
      // @ts-expect-error a property
      @Job()
      send = 1;
    }
    expectTypeOf(Service).not.toBeAny();
  });
});

describe('@Jobs()', () => {
  it('takes what all handlers of a class can share', () => {
    Jobs({ queue: 'emails', attempts: 3, timeout: '1 min' });
    // @ts-expect-error a name is one method's own
    Jobs({ name: 'a' });
    // @ts-expect-error a schema is one method's own
    Jobs({ schema: z.string() });
    expectTypeOf<keyof JobsClassOptions>().toEqualTypeOf<
      Exclude<keyof JobOptions, 'name' | 'aliases' | 'schema'>
    >();
  });
});

describe('limits at run time', () => {
  class Service {
    readonly name = 'service';

    @Job({ concurrency: { limit: 1 } })
    send(_to: string): void {}
  }

  it('are those of a method', () => {
    void jobs.limits.set(Service, 'send', { key: 5, limit: 2 });
    // @ts-expect-error no such method
    void jobs.limits.set(Service, 'sent', { limit: 2 });
    // @ts-expect-error no method
    void jobs.limits.set(Service, 'name', { limit: 2 });
    // @ts-expect-error no such limit
    void jobs.limits.set(Service, 'send', { limits: 2 });
    expectTypeOf(jobs.limits.get(Service, 'send')).resolves.toEqualTypeOf<LimitsNow>();
  });
});
