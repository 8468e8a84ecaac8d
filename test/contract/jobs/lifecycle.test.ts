import {
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { Job, JobContext, JobScheduler, JobsHealth, ShutdownError } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

/** Stands for an application's database: opened last, closed on destroy. */
@Injectable()
class Database implements OnApplicationBootstrap, OnModuleDestroy {
  isOpen = false;
  readonly seen: boolean[] = [];

  constructor(private readonly jobs: JobScheduler) {}

  async onApplicationBootstrap(): Promise<void> {
    // Enqueued before the application is ready: must not run before it is.
    await this.jobs.enqueue(Work, (s) => s.look());
    await new Promise((resolve) => setImmediate(resolve));
    this.isOpen = true;
  }

  onModuleDestroy(): void {
    this.isOpen = false;
  }
}

@Injectable()
class Work {
  readonly looked = signal();
  readonly started = signal();
  readonly release = signal();
  readonly reasons: unknown[] = [];

  constructor(
    private readonly database: Database,
    private readonly context: JobContext,
  ) {}

  @Job()
  look(): void {
    this.database.seen.push(this.database.isOpen);
    this.looked.resolve();
  }

  @Job()
  async finish(): Promise<string> {
    this.started.resolve();
    await this.release.promise;
    this.look();
    return 'finished';
  }

  @Job()
  async obey(): Promise<void> {
    this.started.resolve();
    const abort = this.context.signal;
    await new Promise((_, reject) =>
      abort.addEventListener('abort', () => reject(abort.reason as Error)),
    );
  }

  @Job()
  async ignore(): Promise<void> {
    this.context.signal.addEventListener('abort', () =>
      this.reasons.push(this.context.signal.reason),
    );
    this.started.resolve();
    await new Promise(() => undefined);
  }
}

@Module({ providers: [Database, Work], exports: [Database, Work] })
class DeepModule {}

@Module({ imports: [DeepModule] })
class FeatureModule {}

describeEngines('lifecycle', (engine) => {
  const boot = (options = {}) =>
    createJobsApp(engine, {
      imports: [FeatureModule],
      options,
    });

  /** Reads a job after its application is gone. */
  const reader = (isolation: ReturnType<typeof engine.isolation>) =>
    createJobsApp(engine, {
      imports: [FeatureModule],
      isolation,
      options: { workers: false },
    });

  it('starts workers after every bootstrap hook', async () => {
    const { module } = await boot();
    await module.get(Work, { strict: false }).looked.promise;
    expect(module.get(Database, { strict: false }).seen).toEqual([true]);
  });

  it('lets running jobs finish before any other module is destroyed', async () => {
    const { module, jobs, close } = await boot();
    const work = module.get(Work, { strict: false });
    await jobs.enqueue(Work, (s) => s.finish());
    await work.started.promise;
    const closing = close();
    work.release.resolve();
    await closing;
    expect(module.get(Database, { strict: false }).seen).toEqual([true, true]);
  });

  it.each(['obey', 'ignore'] as const)(
    'gives back a job that outlasts the shutdown timeout, with its attempts unchanged: %s',
    async (method) => {
      const { module, jobs, close, isolation } = await boot({
        shutdownTimeout: 20,
        abortTimeout: 20,
      });
      const work = module.get(Work, { strict: false });
      const handle = await jobs.enqueue(Work, (s) => s[method](), { attempts: 1 });
      await work.started.promise;
      await close();
      if (method === 'ignore') expect(work.reasons).toEqual([expect.any(ShutdownError)]);
      const after = await reader(isolation);
      const found = (await after.jobs.get(handle))!;
      expect(await found.details()).toMatchObject({ state: 'waiting', attemptsMade: 0 });
    },
  );

  it('is unhealthy from the moment a shutdown begins', async () => {
    const { module, jobs, close } = await boot();
    const work = module.get(Work, { strict: false });
    const health = module.get(JobsHealth);
    expect(await health.check()).toMatchObject({
      healthy: true,
      workers: 'running',
      engine: engine.name,
    });
    await jobs.enqueue(Work, (s) => s.finish());
    await work.started.promise;
    const closing = close();
    await expect.poll(() => health.check()).toMatchObject({ healthy: false, workers: 'stopped' });
    work.release.resolve();
    await closing;
  });

  it('leaves no job behind in the middle, however the close falls between two jobs', async () => {
    const { module, jobs, close, isolation } = await boot({
      queues: { default: { concurrency: 1 } },
      shutdownTimeout: 50,
    });
    const work = module.get(Work, { strict: false });
    const first = await jobs.enqueue(Work, (s) => s.finish());
    const behind = await Promise.all(
      Array.from({ length: 20 }, () => jobs.enqueue(Work, (s) => s.obey())),
    );
    await work.started.promise;
    work.release.resolve();
    await close();
    const after = await reader(isolation);
    expect(await (await after.jobs.get(first))!.state()).toBe('completed');
    for (const handle of behind) {
      const { state, attemptsMade } = await (await after.jobs.get(handle))!.details();
      expect({ state, attemptsMade }).toEqual({ state: 'waiting', attemptsMade: 0 });
    }
  });

  it('takes down readiness at once, also of a process that only enqueues', async () => {
    const { module, close } = await boot({ workers: false });
    const health = module.get(JobsHealth);
    expect(await health.check()).toMatchObject({ healthy: true, workers: 'none' });
    const closing = close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await health.check()).toMatchObject({ healthy: false });
    await closing;
  });

  it('can be closed twice, and before anything ran', async () => {
    const { close } = await boot({ workers: false });
    await expect(Promise.all([close(), close()])).resolves.toBeDefined();
  });
});
