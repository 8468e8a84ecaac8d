import {
  type CallHandler,
  type ExecutionContext,
  Injectable,
  type NestInterceptor,
  UseInterceptors,
} from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Job, JobCancelledError, JobContext, Recurring } from 'nestjs-jobs';
import { defer, EMPTY, map, Observable, of, throwError, timer, concatMap, toArray } from 'rxjs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

/** Sees each value, as Nest's interceptors do. */
@Injectable()
class Counting implements NestInterceptor {
  static seen: unknown[] = [];

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      map((value: unknown) => {
        Counting.seen.push(value);
        return value;
      }),
    );
  }
}

/**
 * As queries of Prisma, knex and mongoose are: no Promise, and work that begins when somebody waits
 * for it.
 */
class Query {
  constructor(private readonly run: () => Promise<unknown>) {}

  // oxlint-disable-next-line unicorn/no-thenable -- what is tested
  then(...callbacks: Parameters<Promise<unknown>['then']>): Promise<unknown> {
    return this.run().then(...callbacks);
  }
}

class RowQuery extends Query {
  /** Its rows one by one, where that is wanted. */
  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    throw new Error('nobody asked for single rows');
  }
}

@Injectable()
class Feed {
  static done: string[] = [];
  static subscribed = signal();
  static unsubscribed = signal();
  static ticked = signal();

  constructor(private readonly context: JobContext) {}

  private work(): Observable<string> {
    return timer(0, 5).pipe(
      concatMap((n) => {
        Feed.done.push(`${this.context.name} ${n}`);
        return of(`value ${n}`);
      }),
      (source) =>
        new Observable<string>((subscriber) => {
          let count = 0;
          return source.subscribe((value) => {
            subscriber.next(value);
            if (++count === 3) subscriber.complete();
          });
        }),
    );
  }

  private endless(): Observable<never> {
    return new Observable(() => {
      Feed.subscribed.resolve();
      return () => Feed.unsubscribed.resolve();
    });
  }

  @Job()
  observable(): Observable<string> {
    return this.work();
  }

  @Job()
  async later(): Promise<Observable<string>> {
    await Promise.resolve();
    return this.work();
  }

  @Job()
  step(): Promise<string> {
    return this.context.once('read', () => this.work());
  }

  @Job()
  @UseInterceptors(Counting)
  intercepted(): Observable<string> {
    return this.work();
  }

  @Job()
  empty(): Observable<string> {
    return EMPTY;
  }

  @Job()
  @UseInterceptors(Counting)
  emptyIntercepted(): Observable<string> {
    return EMPTY;
  }

  @Job({ attempts: 1 })
  failing(): Observable<string> {
    return defer(() => throwError(() => new Error('the feed is gone')));
  }

  @Job({ attempts: 1 })
  forEver(): Observable<never> {
    return this.endless();
  }

  @Job({ attempts: 1 })
  @UseInterceptors(Counting)
  forEverIntercepted(): Observable<never> {
    return this.endless();
  }

  @Job({ attempts: 1, timeout: 50 })
  tooLong(): Observable<never> {
    return this.endless();
  }

  private stuckQuery(): Query {
    return new Query(() => {
      Feed.subscribed.resolve();
      return new Promise(() => {});
    });
  }

  @Job()
  query(): unknown {
    return new RowQuery(async () => `rows for ${this.context.name}`);
  }

  @Job()
  @UseInterceptors(Counting)
  interceptedQuery(): unknown {
    return this.query();
  }

  @Job()
  queryStep(): Promise<unknown> {
    return this.context.once('read', () => this.query());
  }

  @Job({ attempts: 1 })
  failingQuery(): unknown {
    return new Query(async () => Promise.reject(new Error('the query is wrong')));
  }

  @Job({ attempts: 1 })
  unreadable(): unknown {
    // oxlint-disable-next-line unicorn/no-thenable -- what is tested
    return Object.defineProperty({}, 'then', {
      get() {
        throw new Error('then cannot be read');
      },
    });
  }

  @Job({ attempts: 1 })
  stuck(): unknown {
    return this.stuckQuery();
  }

  @Job({ attempts: 1 })
  @UseInterceptors(Counting)
  stuckIntercepted(): unknown {
    return this.stuckQuery();
  }

  @Job({ attempts: 1, timeout: 50 })
  stuckTooLong(): unknown {
    return this.stuckQuery();
  }

  @Job({ attempts: 3 })
  iterable(): AsyncIterable<number> {
    return {
      [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }),
    };
  }

  @Job({ attempts: 3 })
  async generator(): Promise<unknown> {
    return (function* () {
      yield Feed.done.push('never');
    })();
  }

  @Job()
  async values(): Promise<readonly unknown[]> {
    return [new Map([['a', 1]]), new Set([2]), [3]];
  }

  @Recurring({ every: '1 s' }, { scope: 'process', id: 'ticks' })
  tick(): Observable<unknown> {
    return this.work().pipe(
      toArray(),
      map(() => Feed.ticked.resolve()),
    );
  }
}

describeEngines('what a handler returns', (engine) => {
  const boot = (options: object = { abortTimeout: '1 min' }) => {
    [Feed.subscribed, Feed.unsubscribed, Feed.ticked] = [signal(), signal(), signal()];
    [Feed.done, Counting.seen] = [[], []];
    return createJobsApp(engine, {
      imports: [ScheduleModule.forRoot()],
      providers: [Feed],
      options,
    });
  };

  it.each(['observable', 'later', 'step', 'intercepted'] as const)(
    'is subscribed to, and its last value is the result: %s',
    async (method) => {
      const { jobs } = await boot();
      const handle = await jobs.enqueue(Feed, (feed) => feed[method]());
      expect(await handle.result()).toBe('value 2');
      const name = `Feed.${method}`;
      expect(Feed.done.filter((line) => line.startsWith(name))).toEqual(
        [0, 1, 2].map((n) => `${name} ${n}`),
      );
      const seen = method === 'intercepted' ? ['value 0', 'value 1', 'value 2'] : [];
      expect(Counting.seen).toEqual(seen);
    },
  );

  it('may be empty, and fails the job when it fails', async () => {
    const { jobs } = await boot();
    const empty = await jobs.enqueue(Feed, (feed) => feed.empty());
    expect(await empty.result()).toBeUndefined();
    const intercepted = await jobs.enqueue(Feed, (feed) => feed.emptyIntercepted());
    expect(await intercepted.result()).toBeUndefined();
    const failing = await jobs.enqueue(Feed, (feed) => feed.failing());
    await expect(failing.result()).rejects.toThrow(/the feed is gone/);
  });

  it.each(['forEver', 'forEverIntercepted'] as const)(
    'is unsubscribed from when the job is cancelled: %s',
    async (method) => {
      const { jobs } = await boot();
      const handle = await jobs.enqueue(Feed, (feed) => feed[method]());
      await Feed.subscribed.promise;
      await jobs.cancel(handle);
      await Feed.unsubscribed.promise;
      await expect(handle.result()).rejects.toThrow(JobCancelledError);
    },
  );

  it('is unsubscribed from at the timeout', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Feed, (feed) => feed.tooLong());
    await Feed.unsubscribed.promise;
    await expect(handle.result()).rejects.toThrow(/longer than its timeout/);
  });

  it.each(['query', 'interceptedQuery', 'queryStep'] as const)(
    'is waited for when it is no Promise but has a then(): %s',
    async (method) => {
      const { jobs } = await boot();
      const handle = await jobs.enqueue(Feed, (feed) => feed[method]());
      expect(await handle.result()).toBe(`rows for Feed.${method}`);
    },
  );

  it.each([
    ['failingQuery', /the query is wrong/],
    ['unreadable', /then cannot be read/],
  ] as const)('fails the job when what it has for a then() fails: %s', async (method, message) => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Feed, (feed) => feed[method]());
    await expect(handle.result()).rejects.toThrow(message);
  });

  it.each(['stuck', 'stuckIntercepted'] as const)(
    'is left behind when the job is cancelled, also when it is no Promise: %s',
    async (method) => {
      const { jobs } = await boot({ abortTimeout: 50 });
      const handle = await jobs.enqueue(Feed, (feed) => feed[method]());
      await Feed.subscribed.promise;
      await jobs.cancel(handle);
      await expect(handle.result({ timeout: 5_000 })).rejects.toThrow(JobCancelledError);
    },
  );

  it('is left behind at the timeout, also when it is no Promise', async () => {
    const { jobs } = await boot({ abortTimeout: 50 });
    const handle = await jobs.enqueue(Feed, (feed) => feed.stuckTooLong());
    await expect(handle.result({ timeout: 5_000 })).rejects.toThrow(/longer than its timeout/);
  });

  it('is refused, without another attempt, when it is work that nobody would do', async () => {
    const { jobs } = await boot();
    for (const method of ['iterable', 'generator'] as const) {
      const handle = await jobs.enqueue(Feed, (feed) => feed[method]());
      await expect(handle.result()).rejects.toThrow(
        /returned an? (async iterable|generator)[^]*loop over it in the handler/,
      );
      expect((await handle.details()).attemptsMade).toBe(1);
    }
    const values = await jobs.enqueue(Feed, (feed) => feed.values());
    expect(await values.result()).toEqual([new Map([['a', 1]]), new Set([2]), [3]]);
  });

  it('is subscribed to in ticks of a process too', async () => {
    await boot();
    await Feed.ticked.promise;
    expect(Feed.done).toContain('Feed.tick 2');
  });
});
