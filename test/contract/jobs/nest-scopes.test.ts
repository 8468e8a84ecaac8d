import { AsyncLocalStorage } from 'node:async_hooks';
import {
  BadRequestException,
  Controller,
  Inject,
  Injectable,
  Scope,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentMetadata,
  type CallHandler,
  type CanActivate,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import {
  ContextIdFactory,
  ModuleRef,
  REQUEST,
  type ContextId,
  type ContextIdStrategy,
  type HostComponentInfo,
} from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Continuation, Job, JobContext, JobScheduler, Recurring, type JobInfo } from 'nestjs-jobs';
import { JobsHealthIndicator, JobsHealthModule } from 'nestjs-jobs/terminus';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

const currentTenant = new AsyncLocalStorage<string>();

/** One DI sub-tree for each tenant, as Nest's documentation of durable providers has it. */
class PerTenant implements ContextIdStrategy {
  readonly requests: JobInfo[] = [];
  private readonly subTrees = new Map<string, ContextId>();

  attach(contextId: ContextId, request: JobInfo) {
    this.requests.push(request);
    const tenant = currentTenant.getStore() ?? 'none';
    const subTree = this.subTrees.get(tenant) ?? { id: this.subTrees.size + 1 };
    this.subTrees.set(tenant, subTree);
    return {
      resolve: ({ isTreeDurable }: HostComponentInfo) => (isTreeDurable ? subTree : contextId),
      payload: { tenant },
    };
  }
}

@Injectable({ scope: Scope.REQUEST, durable: true })
class TenantDatabase {
  static instances = 0;
  readonly instance = ++TenantDatabase.instances;

  constructor(@Inject(REQUEST) readonly payload: { tenant: string }) {}
}

@Injectable({ scope: Scope.REQUEST, durable: true })
class DurableWork {
  constructor(
    private readonly database: TenantDatabase,
    private readonly context: JobContext,
  ) {}

  @Job()
  async query(): Promise<{ database: number; tenant: string; job: string }> {
    const { instance, payload } = this.database;
    return { database: instance, tenant: payload.tenant, job: this.context.id };
  }
}

@Injectable({ scope: Scope.REQUEST })
class PerJobWork {
  static instances = 0;
  readonly instance = ++PerJobWork.instances;

  constructor(
    private readonly database: TenantDatabase,
    @Inject(REQUEST) private readonly request: JobInfo,
  ) {}

  @Job()
  async query(): Promise<{ own: number; database: number; job: string }> {
    return { own: this.instance, database: this.database.instance, job: this.request.id };
  }
}

@Injectable()
class Clock {
  static instances = 0;
  readonly instance = ++Clock.instances;
}

/** No provider of any module: made by `ModuleRef.create()`. */
@Injectable()
class Report {
  constructor(
    readonly clock: Clock,
    readonly context: JobContext,
    readonly jobs: JobScheduler,
  ) {}
}

@Injectable({ scope: Scope.TRANSIENT })
class Scratch {
  static instances = 0;
  readonly instance = ++Scratch.instances;
}

@Injectable({ scope: Scope.REQUEST })
class Session {
  constructor(@Inject(REQUEST) readonly request: { user: string }) {}
}

@Injectable()
class Dynamic {
  constructor(
    private readonly moduleRef: ModuleRef,
    private readonly context: JobContext,
  ) {}

  @Job()
  async create() {
    const report = await this.moduleRef.create(Report);
    return {
      isReport: report instanceof Report,
      sharesClock: report.clock === this.moduleRef.get(Clock),
      hasScheduler: report.jobs instanceof JobScheduler,
      sameJob: report.context.id === this.context.id,
    };
  }

  @Job()
  async resolve() {
    const [one, two] = [
      await this.moduleRef.resolve(Scratch),
      await this.moduleRef.resolve(Scratch),
    ];
    const contextId = ContextIdFactory.create();
    this.moduleRef.registerRequestByContextId({ user: this.context.id }, contextId);
    const session = await this.moduleRef.resolve(Session, contextId);
    const again = await this.moduleRef.resolve(Session, contextId);
    return {
      transients: one.instance !== two.instance,
      user: session.request.user,
      sameSession: session === again,
    };
  }
}

/** Its class is made for each that injects it, and for each of its jobs. */
@Injectable({ scope: Scope.TRANSIENT })
class Disposable {
  static instances = 0;
  private readonly own = ++Disposable.instances;

  constructor(
    private readonly clock: Clock,
    private readonly scratch: Scratch,
    private readonly context: JobContext,
  ) {}

  @Job()
  async use() {
    return this.parts();
  }

  @Continuation({ after: [Disposable, 'use'] })
  async after(before: object): Promise<void> {
    Collector.seen.push({ before, ...this.parts() });
  }

  @Recurring({ every: 20 }, { id: 'disposable', limit: 2 })
  async tick(): Promise<void> {
    Collector.seen.push(this.parts());
  }

  @Recurring({ every: 20 }, { id: 'disposable-here', limit: 2, scope: 'process' })
  here(): void {
    Collector.here.push(this.parts());
  }

  private parts() {
    const { own, clock, scratch } = this;
    return { own, clock: clock.instance, scratch: scratch.instance, job: this.context.id };
  }
}

class Collector {
  static readonly seen: object[] = [];
  static readonly here: object[] = [];
}

/** Injects what has handlers of its own. */
@Injectable()
class Holder {
  constructor(readonly disposable: Disposable) {}
}

@Controller({ path: 'disposable', scope: Scope.TRANSIENT })
class DisposableController {
  private readonly own = 'made';

  @Job()
  async use(): Promise<string> {
    return this.own;
  }
}

@Injectable({ scope: Scope.TRANSIENT })
class Doorman implements CanActivate, NestInterceptor {
  private readonly own = 'made';

  constructor(private readonly clock: Clock) {}

  canActivate(): boolean {
    return this.own === 'made' && this.clock instanceof Clock;
  }

  intercept(_context: unknown, next: CallHandler) {
    if (!this.canActivate()) throw new Error('not made');
    return next.handle();
  }
}

@Injectable()
@UseGuards(Doorman)
@UseInterceptors(Doorman)
class Guarded {
  @Job({ attempts: 1 })
  async use(): Promise<string> {
    return 'let in';
  }
}

@Injectable({ scope: Scope.TRANSIENT })
@UseGuards(Doorman)
@UseInterceptors(Doorman)
class GuardedDisposable {
  private readonly own = 'made';

  @Job({ attempts: 1 })
  async use(): Promise<string> {
    return this.own;
  }
}

abstract class Replaced {
  @Job({ attempts: 1 })
  async use(): Promise<string> {
    return 'of the class';
  }
}

class NewUser {
  name!: string;
}

/** What ValidationPipe does, in small: it makes and checks an instance of the parameter's class. */
@Injectable()
class ToInstance implements PipeTransform {
  static readonly seen: ArgumentMetadata[] = [];

  transform(value: unknown, metadata: ArgumentMetadata): unknown {
    ToInstance.seen.push(metadata);
    if (metadata.metatype !== NewUser) return value;
    const user = Object.assign(new NewUser(), value);
    if (typeof user.name !== 'string') throw new BadRequestException('name must be a string');
    return user;
  }
}

@Injectable()
class Users {
  @Job({ attempts: 1 })
  @UsePipes(ToInstance)
  async add(user: NewUser, times: number): Promise<string> {
    return `${user instanceof NewUser} ${user.name} ${times}`;
  }
}

@Injectable()
class Slow {
  readonly started = signal();
  readonly gate = signal();

  @Job()
  async run(): Promise<string> {
    this.started.resolve();
    await this.gate.promise;
    return 'done';
  }
}

describeEngines('durable providers', (engine) => {
  const { strategy: before } = ContextIdFactory as unknown as { strategy: ContextIdStrategy };
  let perTenant: PerTenant;

  beforeEach(() => {
    perTenant = new PerTenant();
    ContextIdFactory.apply(perTenant);
  });
  afterEach(() => ContextIdFactory.apply(before));

  const boot = () =>
    createJobsApp(engine, {
      providers: [TenantDatabase, DurableWork, PerJobWork],
      options: {
        context: {
          capture: () => currentTenant.getStore(),
          restore: (tenant, run) => currentTenant.run(tenant as string, run),
        },
      },
    });

  it('are shared by the jobs of a tenant, and get the payload as REQUEST', async () => {
    const { jobs } = await boot();
    const runFor = (tenant: string) =>
      currentTenant.run(tenant, async () => {
        const handle = await jobs.enqueue(DurableWork, (s) => s.query());
        const result = await handle.result();
        expect(result).toMatchObject({ tenant, job: handle.id });
        return result.database;
      });
    const [acme, globex] = [await runFor('acme'), await runFor('globex')];
    expect(acme).not.toBe(globex);
    expect(await runFor('acme')).toBe(acme);
    expect(await runFor('globex')).toBe(globex);
    expect(perTenant.requests.map(({ name }) => name)).toEqual(
      Array.from({ length: 4 }, () => 'DurableWork.query'),
    );
  });

  it('are shared by request-scoped handlers, each of which is its job’s own', async () => {
    const { jobs } = await boot();
    const handles = await currentTenant.run('acme', () =>
      Promise.all([1, 2].map(() => jobs.enqueue(PerJobWork, (s) => s.query()))),
    );
    const [one, two] = await Promise.all(handles.map((handle) => handle.result()));
    expect([one!.job, two!.job]).toEqual(handles.map((handle) => handle.id));
    expect(one!.own).not.toBe(two!.own);
    expect(one!.database).toBe(two!.database);
  });
});

describeEngines('ModuleRef in a handler', (engine) => {
  const boot = () => createJobsApp(engine, { providers: [Clock, Scratch, Session, Dynamic] });

  it('creates classes with what they inject', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Dynamic, (s) => s.create());
    expect(await handle.result()).toEqual({
      isReport: true,
      sharesClock: true,
      hasScheduler: true,
      sameJob: true,
    });
  });

  it('resolves transient and request-scoped providers', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Dynamic, (s) => s.resolve());
    expect(await handle.result()).toEqual({
      transients: true,
      user: handle.id,
      sameSession: true,
    });
  });
});

describeEngines('transient providers', (engine) => {
  beforeEach(() => {
    Collector.seen.length = 0;
    Collector.here.length = 0;
  });
  const parts = {
    imports: [ScheduleModule.forRoot()],
    providers: [Clock, Scratch, Disposable, Holder],
  };

  it('are made for each job, also where others inject them', async () => {
    const { jobs, module } = await createJobsApp(engine, parts);
    const handles = [
      await jobs.enqueue(Disposable, (s) => s.use()),
      await jobs.enqueue(Disposable, (s) => s.use()),
    ];
    const [one, two] = await Promise.all(handles.map((handle) => handle.result()));
    const clock = module.get(Clock).instance;
    expect([one, two]).toMatchObject(handles.map(({ id }) => ({ clock, job: id })));
    expect(one!.own).toBeGreaterThan(0);
    expect(two!.own).not.toBe(one!.own);
    expect(one!.scratch).toBeGreaterThan(0);
    expect(two!.scratch).not.toBe(one!.scratch);
  });

  it('are made for continuations and for ticks, in whatever process', async () => {
    const { jobs } = await createJobsApp(engine, parts);
    const handle = await jobs.enqueue(Disposable, (s) => s.use());
    const result = await handle.result();
    await expect.poll(() => Collector.seen.length).toBe(3);
    await expect.poll(() => Collector.here.length).toBe(2);
    const whole = { own: expect.any(Number), clock: expect.any(Number), job: expect.any(String) };
    const made = [...Collector.seen, ...Collector.here];
    expect(made).toMatchObject(made.map(() => whole));
    expect(new Set(made.map((each) => (each as { own: number }).own)).size).toBe(5);
    expect(made).toContainEqual(expect.objectContaining({ before: result }));
  });

  it('may be controllers, made by a factory, guards and interceptors', async () => {
    const { jobs } = await createJobsApp(engine, {
      providers: [
        Clock,
        Doorman,
        Guarded,
        GuardedDisposable,
        {
          provide: Replaced,
          useFactory: () => ({ use: () => 'of the factory' }),
          scope: Scope.TRANSIENT,
        },
      ],
      controllers: [DisposableController],
    });
    const handles = [
      await jobs.enqueue(DisposableController, (s) => s.use()),
      await jobs.enqueue(Guarded, (s) => s.use()),
      await jobs.enqueue(GuardedDisposable, (s) => s.use()),
      await jobs.enqueue(Replaced, (s) => s.use()),
    ];
    expect(await Promise.all(handles.map((handle) => handle.result()))).toEqual([
      'made',
      'let in',
      'made',
      'of the factory',
    ]);
  });
});

describeEngines('pipes that look at types', (engine) => {
  beforeEach(() => {
    ToInstance.seen.length = 0;
  });
  const boot = () => createJobsApp(engine, { providers: [ToInstance, Users] });

  it('are told the class of each argument, as ValidationPipe needs it', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Users, (s) => s.add({ name: 'Ada' }, 2));
    expect(await handle.result()).toBe('true Ada 2');
    expect(ToInstance.seen.map(({ type, metatype }) => [type, metatype])).toEqual([
      ['body', NewUser],
      ['body', Number],
    ]);
  });

  it('fail a job whose argument they refuse', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Users, (s) => s.add({ name: 7 } as never, 1));
    await expect(handle.result()).rejects.toThrow(/name must be a string/);
  });
});

describeEngines('the Terminus indicator', (engine) => {
  it('is down from the moment a shutdown begins, while jobs still run', async () => {
    const { jobs, module } = await createJobsApp(engine, {
      imports: [TerminusModule.forRoot({ logger: false }), JobsHealthModule],
      providers: [Slow],
      options: { shutdownTimeout: 5_000 },
    });
    const indicator = module.get(JobsHealthIndicator, { strict: false });
    const health = await module.resolve(HealthCheckService, undefined, { strict: false });
    const check = () => health.check([() => indicator.isHealthy('jobs')]);
    const slow = module.get(Slow);
    const handle = await jobs.enqueue(Slow, (s) => s.run());
    await slow.started.promise;
    expect(await check()).toMatchObject({
      status: 'ok',
      details: { jobs: { status: 'up', engine: engine.name, workers: 'running' } },
    });

    const closing = module.close();
    await expect.poll(async () => (await indicator.isHealthy('jobs')).jobs.status).toBe('down');
    const failure = await check().catch((e: unknown) => e);
    expect((failure as { getStatus(): number }).getStatus()).toBe(503);
    expect((failure as { getResponse(): object }).getResponse()).toMatchObject({
      status: 'error',
      error: { jobs: { status: 'down', workers: 'stopped' } },
    });
    expect(await handle.state()).toBe('active');

    slow.gate.resolve();
    await closing;
  });
});
