import { AsyncLocalStorage } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Injectable } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { Job, JobContext, Recurring, type JobsModuleOptions } from 'nestjs-jobs';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngine, describeEngines, engineNamed } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

const tenant = new AsyncLocalStorage<string>();
const seen = (): string => tenant.getStore() ?? 'none';

/** What functions of the application saw, by their name. */
const seenBy: Record<string, string[]> = {};
const look = (where: string): void => void (seenBy[where] ??= []).push(seen());
/**
 * Looks, and leaves its mark in the context, as middleware does that was written for one request a
 * process.
 */
const mark = (where: string): void => {
  look(where);
  tenant.enterWith(where);
};

const markingSchema = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value: unknown) => {
      mark('schema');
      return { value };
    },
  },
} as const;

let ticked = signal();

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const request = new AsyncLocalStorage<object>();

@Injectable()
class Work {
  static started = signal();
  static aborted = signal<string>();

  constructor(private readonly context: JobContext) {}

  @Job()
  async plain(): Promise<string> {
    return seen();
  }

  @Job()
  enter(): Promise<void> {
    tenant.enterWith('acme');
    return Promise.resolve();
  }

  @Job()
  async enterLater(): Promise<void> {
    await Promise.resolve();
    tenant.enterWith('acme');
  }

  @Job({
    attempts: 2,
    backoff: () => {
      mark('backoff');
      return 0;
    },
    retryIf: () => {
      mark('retryIf');
      return true;
    },
  })
  async failsOnce(): Promise<void> {
    look('attempt');
    if (this.context.attempt === 1) throw new Error('not yet');
  }

  @Job({ schema: markingSchema })
  async checked(_text: string): Promise<string> {
    return seen();
  }

  @Job({
    concurrency: {
      key: () => {
        mark('key');
        return 'one';
      },
      limit: 1,
    },
  })
  async keyed(): Promise<string> {
    return seen();
  }

  @Job({ attempts: 1 })
  async long(): Promise<void> {
    tenant.enterWith('of the run');
    const { signal: abort } = this.context;
    const { promise, resolve } = Promise.withResolvers<void>();
    abort.addEventListener('abort', () => {
      Work.aborted.resolve(`${seen()}, ${this.context.name}`);
      mark('abort');
      resolve();
    });
    Work.started.resolve();
    await promise;
  }
}

@Injectable()
class Ticking {
  @Recurring({ every: 50 }, { scope: 'process', id: 'ticking' })
  tick(): void {
    mark('tick');
    if (seenBy['tick']!.length === 3) ticked.resolve();
  }
}

afterEach(() => {
  for (const where of Object.keys(seenBy)) delete seenBy[where];
  [Work.started, Work.aborted, ticked] = [signal(), signal(), signal()];
});

describeEngines('the async context of a handler', (engine) => {
  const boot = (options: JobsModuleOptions = {}) =>
    createJobsApp(engine, { providers: [Work], options });

  it('has nothing of the jobs before', async () => {
    const { jobs } = await boot({ queues: { default: { concurrency: 1 } } });
    for (const leave of [(work: Work) => work.enter(), (work: Work) => work.enterLater()]) {
      const left = await jobs.enqueue(Work, leave);
      await left.result();
      const handles = await jobs.enqueueMany(Work, [1, 2, 3, 4], (work) => work.plain());
      const results = handles.map(async (handle) =>
        handle.status === 'fulfilled' ? handle.value.result() : handle.reason,
      );
      expect(await Promise.all(results)).toEqual(['none', 'none', 'none', 'none']);
    }
  });

  it('has nothing of whoever enqueued, and what the application was started in', async () => {
    const { jobs } = await boot();
    const handle = await tenant.run('request', () => jobs.enqueue(Work, (work) => work.plain()));
    expect(await handle.result()).toBe('none');
    const other = await tenant.run('start', boot);
    await other.close();
    const started = await tenant.run('start', boot);
    await jobs.enqueue(Work, (work) => work.enter());
    const again = await tenant.run('request', () =>
      started.jobs.enqueue(Work, (work) => work.plain()),
    );
    expect(await again.result()).toBe('start');
  });

  it('has nothing of schemas, keys, retry policies and restore() that ran before', async () => {
    const restored: string[] = [];
    const { jobs } = await boot({
      queues: { default: { concurrency: 1 } },
      context: {
        capture: () => 'captured',
        restore: (_captured, next) => {
          restored.push(seen());
          tenant.enterWith('restored');
          return next();
        },
      },
    });
    for (let round = 0; round < 2; round += 1) {
      const handles = [
        await jobs.enqueue(Work, (work) => work.failsOnce()),
        await tenant.run('caller', () => jobs.enqueue(Work, (work) => work.checked('text'))),
        await tenant.run('caller', () => jobs.enqueue(Work, (work) => work.keyed())),
      ];
      const results = [];
      for (const handle of handles) results.push(await handle.result());
      expect(results).toEqual([undefined, 'restored', 'restored']);
    }
    expect(new Set(restored)).toEqual(new Set(['none']));
    expect(new Set(seenBy['attempt'])).toEqual(new Set(['restored']));
    expect(new Set(seenBy['retryIf'])).toEqual(new Set(['none']));
    // Both belong to one failure.
    expect(new Set(seenBy['backoff'])).toEqual(new Set(['retryIf']));
    // Asked by the caller and by the worker.
    expect(new Set(seenBy['schema'])).toEqual(new Set(['caller', 'none']));
  });

  it('is that of its abort listeners, whoever cancels', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (work) => work.long());
    await Work.started.promise;
    await tenant.run('who cancels', () => jobs.cancel(handle));
    expect(await Work.aborted.promise).toBe('of the run, Work.long');
    const next = await jobs.enqueue(Work, (work) => work.plain());
    expect(await next.result()).toBe('none');
  });

  it('of a request is kept by nothing when the request is over', async () => {
    const { isolation } = await boot();
    // A process that only enqueues does all it does within requests. And a timer of theirs would
    // run for that long.
    const options: JobsModuleOptions = { workers: false, enqueueTimeout: '10 min' };
    const { jobs } = await createJobsApp(engine, { providers: [Work], isolation, options });
    const visit = async (): Promise<WeakRef<object>> => {
      const store = { body: 'large' };
      await request.run(store, async () => {
        const handles = [
          await jobs.enqueue(Work, (work) => work.plain()),
          await jobs.enqueue(Work, (work) => work.keyed()),
          await jobs.enqueue(Work, (work) => work.plain(), { idempotencyKey: 'key' }),
          await jobs.continueWith(await jobs.enqueue(Work, (work) => work.plain()), Work, (work) =>
            work.plain(),
          ),
        ];
        for (const handle of handles) await handle.result();
        await jobs.cancel(await jobs.schedule(Work, (work) => work.plain(), { delay: '1 h' }));
        await jobs.recurring.addOrUpdate('later', Work, (work) => work.plain(), '0 0 * * *');
      });
      return new WeakRef(store);
    };
    const left = await visit();
    await vi.waitFor(
      () => {
        collectGarbage();
        // Not the object itself, which the assertion would keep.
        expect(left.deref() === undefined).toBe(true);
      },
      { timeout: 4_000, interval: 100 },
    );
  });

  it('is clean for each tick of a process', async () => {
    await createJobsApp(engine, { imports: [ScheduleModule.forRoot()], providers: [Ticking] });
    await ticked.promise;
    expect(seenBy['tick']!.slice(0, 3)).toEqual(['none', 'none', 'none']);
  });
});

const postgres = engineNamed('postgres');

describeEngine(postgres, 'the async context of a connection', () => {
  it('is not that of the call which needed it first', async () => {
    const connection = {
      connectionString: postgres.url,
      max: 4,
      onConnect: () => look('onConnect'),
    };
    const { jobs } = await createJobsApp(postgres, {
      providers: [Work],
      options: { connection, workers: false },
    });
    await tenant.run('request', () =>
      Promise.all(Array.from({ length: 8 }, () => jobs.recurring.get('none'))),
    );
    expect(seenBy['onConnect']!.length).toBeGreaterThan(1);
    expect(new Set(seenBy['onConnect'])).toEqual(new Set(['none']));
  });
});
