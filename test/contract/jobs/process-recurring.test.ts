import { DatabaseSync } from 'node:sqlite';
import {
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  Logger,
  type NestInterceptor,
  type OnModuleDestroy,
  Scope,
  UseGuards,
  UseInterceptors,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { ScheduleModule, SchedulerRegistry, Timeout } from '@nestjs/schedule';
import {
  type JobInfo,
  JobContext,
  JobsConfigurationError,
  JobTimeoutError,
  Recurring,
  type RecurringTick,
  ShutdownError,
} from 'nestjs-jobs';
import { describe, expect, it } from 'vitest';
import { ENGINES } from '../../support/engines.js';
import { createJobsApp, type JobsAppParts, signal } from '../../support/jobs-app.js';

/** The store has no part in this, so one engine does for all. */
const engine = ENGINES.find(({ name }) => name === 'sqlite')!;

const boot = async ({ imports = [], ...parts }: JobsAppParts) => {
  const app = await createJobsApp(engine, {
    ...parts,
    imports: [ScheduleModule.forRoot(), ...imports],
  });
  return { ...app, registry: app.module.get(SchedulerRegistry) };
};

const process = { scope: 'process' } as const;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

@Injectable()
class Cache {
  readonly runs: (JobInfo & { tick: RecurringTick })[] = [];

  constructor(private readonly context: JobContext) {}

  @Recurring({ every: 40 }, { id: 'refresh', ...process })
  async refresh(reason?: string): Promise<number> {
    const { id, name, queue, attempt, attempts } = this.context;
    this.runs.push({ id, name, queue, attempt, attempts, tick: this.context.tick! } as never);
    await this.context.progress(50);
    await this.context.log(`refreshed ${reason}`);
    await this.context.extend('1s');
    return this.runs.length;
  }

  @Recurring({ every: 10 }, { id: 'never', enabled: false, ...process })
  never(): void {
    throw new Error('not enabled');
  }
}

/** Stands for what handlers need, and is closed on destroy. */
@Injectable()
class Database implements OnModuleDestroy {
  isOpen = true;

  onModuleDestroy(): void {
    this.isOpen = false;
  }
}

@Injectable()
class Slow {
  started = 0;
  readonly isRunning = signal();
  readonly release = signal();
  readonly endings: unknown[] = [];

  constructor(
    private readonly context: JobContext,
    private readonly database: Database,
  ) {}

  @Recurring({ every: 30 }, { id: 'slow', ...process })
  async run(): Promise<void> {
    this.started += 1;
    this.isRunning.resolve();
    const { signal: abort } = this.context;
    const aborted = new Promise((resolve) => abort.addEventListener('abort', resolve));
    await Promise.race([this.release.promise, aborted]);
    this.endings.push({ reason: abort.reason as unknown, databaseIsOpen: this.database.isOpen });
    abort.throwIfAborted();
  }
}

describe('a recurring job of the scope "process"', () => {
  it('runs in a job context, and knows its tick and the run before', async () => {
    const { module } = await boot({ providers: [Cache] });
    const { runs } = module.get(Cache);
    await expect.poll(() => runs.length).toBeGreaterThan(2);
    const [first, second] = runs;
    expect(first).toMatchObject({
      id: `refresh@${first!.tick.due.getTime()}`,
      name: 'Cache.refresh',
      queue: '(process)',
      attempt: 1,
      attempts: 1,
      tick: { recurring: 'refresh', isLate: false, missed: 0, isManual: false },
    });
    expect(first!.tick.previous).toBeUndefined();
    expect(second!.tick.due.getTime() - first!.tick.due.getTime()).toBe(40);
    expect(second!.tick.previous).toMatchObject({
      jobId: first!.id,
      state: 'completed',
      result: 1,
    });
  });

  it('stores nothing', async () => {
    const { module, jobs } = await boot({ providers: [Cache] });
    await expect.poll(() => module.get(Cache).runs.length).toBeGreaterThan(2);
    expect(await jobs.recurring.list()).toEqual([]);
    expect(await jobs.recurring.get('refresh')).toBeUndefined();
    const database = new DatabaseSync(engine.url.replace('file:', ''), { readOnly: true });
    const tables = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
    const stored = tables.map(({ name }) =>
      database.prepare(`SELECT * FROM "${String(name)}"`).all(),
    );
    database.close();
    expect(tables.length).toBeGreaterThan(0);
    // As a value of its own; among the names that this process announces it is.
    expect(JSON.stringify(stored)).not.toMatch(/refresh@|"Cache\.refresh"/);
  });

  it('runs in every process, and in those without workers too', async () => {
    const first = await boot({ providers: [Cache] });
    const second = await boot({
      providers: [Cache],
      isolation: first.isolation,
      options: { workers: false },
    });
    for (const { module } of [first, second]) {
      await expect.poll(() => module.get(Cache).runs.length).toBeGreaterThan(2);
    }
  });

  it('is a timeout of the SchedulerRegistry until that is deleted', async () => {
    const { module, registry } = await boot({ providers: [Cache] });
    const { runs } = module.get(Cache);
    expect(registry.getTimeouts()).toEqual(['refresh']);
    await expect.poll(() => runs.length).toBeGreaterThan(1);
    expect(registry.getTimeouts()).toEqual(['refresh']);
    registry.deleteTimeout('refresh');
    const { length } = runs;
    await pause(150);
    expect(runs).toHaveLength(length);
    expect(registry.getTimeouts()).toEqual([]);
  });

  it('skips ticks while it runs', async () => {
    const { module } = await boot({ providers: [Slow, Database] });
    const slow = module.get(Slow);
    await slow.isRunning.promise;
    await pause(150);
    expect(slow.started).toBe(1);
    slow.release.resolve();
    await expect.poll(() => slow.started).toBeGreaterThan(2);
  });

  it('treats what a blocked event loop made it miss as a misfire', async () => {
    @Injectable()
    class Late {
      readonly ticks: RecurringTick[] = [];
      constructor(private readonly context: JobContext) {}

      @Recurring({ every: 50 }, { id: 'late', misfireThreshold: 300, ...process })
      run(): void {
        this.ticks.push(this.context.tick!);
      }
    }
    const { module } = await boot({ providers: [Late] });
    const { ticks } = module.get(Late);
    await expect.poll(() => ticks.length).toBeGreaterThan(0);
    const { length } = ticks;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600);
    await expect.poll(() => ticks.length).toBeGreaterThan(length + 1);
    const [late, next] = ticks.slice(length);
    expect(late).toMatchObject({ isLate: true });
    expect(late!.missed).toBeGreaterThanOrEqual(10);
    expect(next).toMatchObject({ isLate: false, missed: 0 });
  });

  it('gets a DI scope for each run, and passes its guards and interceptors', async () => {
    const seen: string[] = [];
    @Injectable()
    class Watch implements NestInterceptor, CanActivate {
      intercept(context: ExecutionContext, next: CallHandler) {
        seen.push(`intercept ${context.getType()}`);
        return next.handle();
      }

      canActivate(context: ExecutionContext): boolean {
        seen.push(`guard ${context.getType()}`);
        return true;
      }
    }
    let instances = 0;
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      private readonly instance = ++instances;
      constructor(@Inject(REQUEST) private readonly request: JobInfo) {}

      @Recurring({ every: 20 }, { id: 'scoped', limit: 2, ...process })
      @UseGuards(Watch)
      @UseInterceptors(Watch)
      run(): void {
        seen.push(`run ${this.instance} for ${this.request.id.split('@')[0]}`);
      }
    }
    await boot({ providers: [Scoped, Watch] });
    await expect.poll(() => seen.length).toBe(6);
    expect(seen.slice(0, 3)).toEqual(['guard jobs', 'intercept jobs', 'run 1 for scoped']);
    expect(seen.at(-1)).toBe('run 2 for scoped');
  });

  it('logs its errors, with the fields of a job, and goes on', async () => {
    @Injectable()
    class Broken {
      static runs = 0;
      constructor(private readonly context: JobContext) {}

      @Recurring({ every: 300 }, { id: 'broken', limit: 3, ...process })
      run(): void {
        Broken.runs += 1;
        void this.context.log('about to fail');
        // oxlint-disable-next-line no-throw-literal, only-throw-error
        if (Broken.runs === 1) throw 'no error';
        throw new Error(`failure ${this.context.tick?.previous?.error}`);
      }
    }
    const lines: string[] = [];
    const write = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
    const app = boot({ providers: [Broken] });
    await app;
    Logger.overrideLogger({ log: write('log'), warn: write('warn'), error: write('error') });
    try {
      const errors = () => lines.filter((line) => line.startsWith('error')).length;
      await expect.poll(errors, { timeout: 10_000 }).toBe(3);
    } finally {
      Logger.overrideLogger(false);
    }
    const errors = lines.filter((line) => line.startsWith('error'));
    expect(errors[0]).toContain("threw 'no error' instead of an Error");
    expect(errors[1]).toContain('failed for good at attempt 1 of 1: failure Job "Broken.run"');
    expect(errors[1]).toMatch(
      /\{"jobId":"broken@\d+","jobName":"Broken.run","queue":"\(process\)"/,
    );
    expect(lines).toContainEqual(
      expect.stringMatching(/^log Job Broken.run: about to fail \{"jobId"/),
    );
  });

  it('is aborted after its timeout, and its next tick runs', async () => {
    const reasons: unknown[] = [];
    @Injectable()
    class Hanging {
      constructor(private readonly context: JobContext) {}

      @Recurring({ every: 20 }, { id: 'hanging', timeout: 30, ...process })
      async run(): Promise<void> {
        const { signal: abort } = this.context;
        abort.addEventListener('abort', () => reasons.push(abort.reason));
        await new Promise(() => undefined);
      }
    }
    await boot({ providers: [Hanging], options: { abortTimeout: 10 } });
    await expect.poll(() => reasons.length).toBeGreaterThan(1);
    expect(reasons[0]).toBeInstanceOf(JobTimeoutError);
  });
});

describe('at shutdown, a recurring job of the scope "process"', () => {
  it.each([true, false])('finishes its run, with workers: %s', async (workers) => {
    const { module, close } = await boot({ providers: [Slow, Database], options: { workers } });
    const slow = module.get(Slow);
    await slow.isRunning.promise;
    const closed = close();
    await pause(100);
    slow.release.resolve();
    await closed;
    expect(slow.endings).toEqual([{ reason: undefined, databaseIsOpen: true }]);
    expect(slow.started).toBe(1);
  });

  it.each([true, false])('is aborted after shutdownTimeout, with workers: %s', async (workers) => {
    const { module, close } = await boot({
      providers: [Slow, Database],
      options: { workers, shutdownTimeout: 100 },
    });
    const slow = module.get(Slow);
    await slow.isRunning.promise;
    await close();
    expect(slow.endings).toEqual([{ reason: expect.any(ShutdownError), databaseIsOpen: true }]);
    expect(slow.started).toBe(1);
  });

  it('has no timeout in the registry any more', async () => {
    const { registry, close } = await boot({ providers: [Cache] });
    await close();
    expect(registry.getTimeouts()).toEqual([]);
  });
});

describe('the boot fails with a recurring job of the scope "process"', () => {
  const problemsOf = async (app: Promise<unknown>): Promise<readonly string[]> => {
    const error: unknown = await app.then(
      () => undefined,
      (fault: unknown) => fault,
    );
    expect(error).toBeInstanceOf(JobsConfigurationError);
    return (error as JobsConfigurationError).problems;
  };

  it('when ScheduleModule is not imported, along with all other faults', async () => {
    @Injectable()
    class Wrong {
      @Recurring('61 * * * *')
      run(): void {}
    }
    const problems = await problemsOf(createJobsApp(engine, { providers: [Cache, Wrong] }));
    expect(problems).toEqual([
      '@Recurring() on Cache.refresh: scope "process" needs ScheduleModule.forRoot() of @nestjs/schedule: npm install @nestjs/schedule and import it',
      expect.stringContaining('Cache.never'),
      expect.stringContaining('Wrong.run'),
    ]);
  });

  it('when the registry has another timeout of its name', async () => {
    @Injectable()
    class Other {
      @Timeout('refresh', 60_000)
      run(): void {}
    }
    expect(await problemsOf(boot({ providers: [Cache, Other] }))).toEqual([
      '@Recurring() on Cache.refresh: the SchedulerRegistry has another timeout "refresh"; give one another name',
    ]);
  });
});
