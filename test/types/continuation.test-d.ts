import { Continuation, type JobEnding, type JobError, type JobHandle } from 'nestjs-jobs';
import { describe, expectTypeOf, it } from 'vitest';
import { EmailService, jobs } from './fixtures.js';

interface Order {
  id: string;
  total: number;
}

abstract class Orders {
  readonly currency = 'EUR';
  abstract process(id: string): Promise<Order>;
  abstract count(): number;
}

abstract class Shipping {
  abstract ship(order: Order): Promise<Date>;
  abstract label(id: string, total: number): void;
  abstract report(error: JobError): void;
  abstract close(ending: JobEnding<Order>): void;
  abstract both(order: Order, count: number): string;
}

declare const order: JobHandle<Order>;
declare const count: JobHandle<number>;

describe('continueWith()', () => {
  it('gives the result of the job before, by its type', () => {
    const next = jobs.continueWith(order, Shipping, (s, result) => {
      expectTypeOf(result).toEqualTypeOf<Order>();
      return s.ship(result);
    });
    expectTypeOf(next).resolves.toEqualTypeOf<JobHandle<Date>>();
    void jobs.continueWith(order, Shipping, (s, { id, total }) => s.label(id, total));
    void jobs.continueWith(order, Shipping, (s) => s.label('a', 1), { on: 'finished' });
    // @ts-expect-error a number is no order
    void jobs.continueWith(count, Shipping, (s, result) => s.ship(result));
    // @ts-expect-error nobody knows what that job returns
    void jobs.continueWith('some-id', Shipping, (s, result) => s.ship(result));
    // @ts-expect-error no such moment
    void jobs.continueWith(order, Shipping, (s) => s.label('a', 1), { on: 'done' });
    // @ts-expect-error there is no job to continue
    void jobs.continueWith([], Shipping, (s) => s.label('a', 1));
  });

  it('gives the error, or the end', () => {
    void jobs.continueWith(
      order,
      Shipping,
      (s, error) => {
        expectTypeOf(error).toEqualTypeOf<JobError>();
        s.report(error);
      },
      { on: 'failed' },
    );
    void jobs.continueWith(
      order,
      Shipping,
      (s, ending) => {
        expectTypeOf(ending).toEqualTypeOf<JobEnding<Order>>();
        s.close(ending);
      },
      { on: 'finished' },
    );
  });

  it('gives one value for each of several jobs', () => {
    void jobs.continueWith([order, count], Shipping, (s, [result, number]) => {
      expectTypeOf(result).toEqualTypeOf<Order>();
      expectTypeOf(number).toEqualTypeOf<number>();
      return s.both(result, number);
    });
    // @ts-expect-error in the other order
    void jobs.continueWith([count, order], Shipping, (s, [a, b]) => s.both(a, b));
  });
});

describe('chain()', () => {
  it('is typed from step to step', () => {
    const last = jobs
      .chain()
      .then(Orders, (s) => s.process('1'))
      .then(Shipping, (s, result) => {
        expectTypeOf(result).toEqualTypeOf<Order>();
        return s.ship(result);
      })
      .enqueue();
    expectTypeOf(last).resolves.toEqualTypeOf<JobHandle<Date>>();
    jobs
      .chain()
      .then(Orders, (s) => s.count())
      // @ts-expect-error a number is no order
      .then(Shipping, (s, result) => s.ship(result));
  });
});

describe('@Continuation()', () => {
  it('is for methods that accept what the job before gives', () => {
    class Service {
      @Continuation({ after: [Orders, 'process'] })
      async order(_order: Order): Promise<void> {}

      @Continuation({ after: [Orders, 'process'], queue: 'mail', attempts: 3 })
      part(_order: { id: string }, _more?: string): void {}

      @Continuation({ after: () => [Orders, 'process'] })
      none(): void {}

      @Continuation({ after: [Orders, 'process'], on: 'failed' })
      error(_error: JobError): void {}

      @Continuation({ after: [Orders, 'process'], on: 'finished' })
      @Continuation({ after: [Orders, 'count'], on: 'finished' })
      ending(_ending: JobEnding): void {}

      // @ts-expect-error an order is no number
      @Continuation({ after: [Orders, 'process'] })
      wrong(_count: number): void {}

      // @ts-expect-error an error is no order
      @Continuation({ after: [Orders, 'process'], on: 'failed' })
      wrongMoment(_order: Order): void {}

      // @ts-expect-error there is one argument
      @Continuation({ after: [Orders, 'process'] })
      tooMany(_order: Order, _id: string): void {}
    }
    expectTypeOf(Service).not.toBeAny();
  });

  it('refuses what is no method, and wrong options', () => {
    // @ts-expect-error no such method
    Continuation({ after: [Orders, 'proces'] });
    // @ts-expect-error a property
    Continuation({ after: [Orders, 'currency'] });
    // @ts-expect-error no such moment
    Continuation({ after: [Orders, 'process'], on: 'success' });
    // @ts-expect-error what does it follow?
    Continuation({ queue: 'mail' });
    // @ts-expect-error misspelt
    Continuation({ after: [Orders, 'process'], quue: 'mail' });
    expectTypeOf(EmailService).not.toBeAny();
  });
});
