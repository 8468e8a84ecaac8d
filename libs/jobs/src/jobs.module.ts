import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { JOBS_ENGINE, type Engine } from './contracts/index.js';
import { HandlerRegistry, SchedulerLookup } from './discovery/index.js';
import { foreignOptions, QueueRegistry } from './engines/index.js';
import { JobsConfigurationError } from './errors/index.js';
import {
  endsWithin,
  GOODBYE_MS,
  ManagedServices,
  NewerStoreWatch,
  ShutdownSignals,
  ShutdownState,
} from './lifecycle/index.js';
import { JobLogger, messages } from './logging/index.js';
import {
  JOBS_OPTIONS,
  resolveOptions,
  type JobsModuleAsyncOptions,
  type JobsModuleOptions,
  type JobsOptionsFactory,
  type ResolvedOptions,
} from './options/index.js';
import { jobsExports, jobsProviders, queueProviders, StoreModule } from './wiring/index.js';

/**
 * Nest runs init and bootstrap hooks from the largest module distance to the smallest, and destroy
 * hooks in reverse. A distance below all others makes workers start last, when every other module
 * is ready, and drain first, while the database of a running handler is still open. Nest documents
 * no way to say this; tests pin it.
 */
const DISTANCE_BELOW_ALL = -1;

/**
 * Background jobs. Import it once, in the root module; `JobScheduler` and `JobContext` are then
 * injectable everywhere, and every `@Job()` method of every provider and controller is a handler.
 *
 * @example
 * ```ts
 * // Jobs in ./data/jobs.sqlite; see `connection` for servers.
 * @Module({ imports: [JobsModule.forRoot()] })
 * export class AppModule {}
 * ```
 * @publicApi
 */
@Module({})
export class JobsModule
  implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown
{
  constructor(
    modules: ModulesContainer,
    private readonly registry: HandlerRegistry,
    private readonly scheduler: SchedulerLookup,
    private readonly services: ManagedServices,
    private readonly newerStore: NewerStoreWatch,
    private readonly signals: ShutdownSignals,
    private readonly shutdown: ShutdownState,
    private readonly queues: QueueRegistry,
    private readonly logger: JobLogger,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {
    const own = [...modules.values()].filter(({ metatype }) => metatype === JobsModule);
    if (own.length > 1) {
      throw new JobsConfigurationError([
        'JobsModule.forRoot() is imported twice; import it once, in the root module',
      ]);
    }
    for (const module of own) module.distance = DISTANCE_BELOW_ALL;
  }

  /**
   * @param options where jobs are stored, and how they are run
   * @throws JobsConfigurationError, MissingDriverError, StoreUnreachableError, NewerStoreError:
   *   when the application is created
   */
  static forRoot(options: JobsModuleOptions = {}): DynamicModule {
    const provider = { provide: JOBS_OPTIONS, useFactory: () => resolve(options) };
    // What is null is told with all other faults, once the application is created.
    const { queues } = (options as JobsModuleOptions | null) ?? {};
    return defineModule([provider], Object.keys(queues ?? {}));
  }

  /**
   * As {@link forRoot}, with options that need other providers. Queues that are named only in such
   * options, and by no decorator, cannot be injected with `@InjectQueue()`.
   */
  static forRootAsync(options: JobsModuleAsyncOptions): DynamicModule {
    return defineModule(asyncOptionsProviders(options), [], options.imports);
  }

  /** @internal */
  async onModuleInit(): Promise<void> {
    await this.logger.usePinoIfPresent();
    this.tellWhereJobsLive();
    try {
      this.registry.freeze(await this.scheduler.find());
    } catch (fault) {
      await this.queues.close();
      await this.engine.close();
      throw fault;
    }
  }

  /** @internal */
  async onApplicationBootstrap(): Promise<void> {
    if (this.registry.workedQueues.length > 0) this.signals.warnWhenHooksStayOff();
    await this.services.start();
    this.newerStore.start();
  }

  /** @internal */
  async onModuleDestroy(): Promise<void> {
    this.shutdown.hasBegun = true;
    this.newerStore.stop();
    await this.signals.during(() => this.services.stop());
  }

  /** Later than the workers, since destroy hooks of other modules may still enqueue. @internal */
  async onApplicationShutdown(): Promise<void> {
    await endsWithin(GOODBYE_MS, this.queues.close());
  }

  /** Each machine with jobs of its own is what nobody expects who deploys a second one. */
  private tellWhereJobsLive(): void {
    const { capabilities, place } = this.engine;
    if (!capabilities.outlivesProcess) this.logger.debug(messages.jobsInMemory);
    else if (!this.options.hasConnection && process.env.NODE_ENV === 'production') {
      this.logger.warn(messages.jobsOnDefaultFile(place));
    } else if (!capabilities.sharedAcrossMachines) {
      this.logger.info(messages.jobsOnThisMachine(place));
    } else this.logger.info(messages.jobsStored(place));
  }
}

function defineModule(
  options: readonly Provider[],
  configuredQueues: readonly string[],
  imports: DynamicModule['imports'] = [],
): DynamicModule {
  const queues = () => queueProviders(configuredQueues);
  return {
    module: JobsModule,
    global: true,
    imports: [DiscoveryModule, StoreModule.register(options, imports)],
    // Read by Nest's scanner when all files are loaded, so that all decorators have been seen.
    get providers() {
      return [...jobsProviders, ...queues()];
    },
    get exports() {
      return [
        ...jobsExports,
        ...queues().map(({ provide }) => provide),
      ] as DynamicModule['exports'];
    },
  };
}

function resolve(options: JobsModuleOptions): ResolvedOptions {
  return resolveOptions(options, foreignOptions);
}

function asyncOptionsProviders(options: JobsModuleAsyncOptions): Provider[] {
  if (options.useFactory) {
    const factory = options.useFactory as (
      ...args: unknown[]
    ) => JobsModuleOptions | Promise<JobsModuleOptions>;
    return [
      {
        provide: JOBS_OPTIONS,
        useFactory: async (...args: unknown[]) => resolve(await factory(...args)),
        inject: [...(options.inject ?? [])] as never[],
      },
    ];
  }
  const { useClass, useExisting } = options;
  const source = useExisting ?? useClass;
  if (source === undefined) {
    throw new JobsConfigurationError([
      'JobsModule.forRootAsync(): expected one of useFactory, useClass, useExisting; got none',
    ]);
  }
  const provider = {
    provide: JOBS_OPTIONS,
    useFactory: async (factory: JobsOptionsFactory) => resolve(await factory.createJobsOptions()),
    inject: [source],
  };
  return useClass ? [provider, { provide: useClass, useClass }] : [provider];
}
