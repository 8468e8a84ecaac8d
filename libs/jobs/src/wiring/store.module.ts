import {
  Inject,
  Module,
  type DynamicModule,
  type OnApplicationShutdown,
  type Provider,
} from '@nestjs/common';
import { ExternalContextCreator, ModulesContainer } from '@nestjs/core';
import { assertNest } from '../calling/index.js';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { joinStore } from '../coordination/index.js';
import { createEngine } from '../engines/index.js';
import { StoreUnreachableError } from '../errors/index.js';
import { bootFailure, endsWithin, withDeadline } from '../lifecycle/index.js';
import { assertBullmqClasses } from '../execution/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';

/**
 * Above that of global modules, which is Number.MAX_VALUE: shut down last. See `../jobs.module.ts`.
 */
const DISTANCE_ABOVE_ALL = Number.POSITIVE_INFINITY;

/** A store that is gone must not hold up the exit. */
const CLOSE_TIMEOUT_MS = 2_000;

/** The engine is connected while Nest creates providers, so that every hook may enqueue already. */
const engineProvider: Provider = {
  provide: JOBS_ENGINE,
  useFactory: async (
    options: ResolvedOptions,
    modules: ModulesContainer,
    external: ExternalContextCreator,
  ): Promise<Engine> => {
    const engine = createEngine(options);
    await Promise.all([assertNest({ modules, external }), assertBullmqClasses()]);
    const lost = (reason: string) => new StoreUnreachableError(engine.name, engine.address, reason);
    const { connectTimeoutMs } = options;
    try {
      await engine.connect();
      await withDeadline(joinStore(engine), connectTimeoutMs, () =>
        lost(`no answer within ${connectTimeoutMs} ms`),
      );
    } catch (error) {
      await endsWithin(CLOSE_TIMEOUT_MS, engine.close());
      throw bootFailure(engine, error);
    }
    return engine;
  },
  inject: [JOBS_OPTIONS, ModulesContainer, ExternalContextCreator],
};

/**
 * The engine and its options, in a module of their own so that the connection is closed after all
 * other modules are done: theirs may hold queues and workers of @nestjs/bullmq.
 * @internal
 */
@Module({})
export class StoreModule implements OnApplicationShutdown {
  constructor(
    modules: ModulesContainer,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {
    for (const module of modules.values()) {
      if (module.metatype === StoreModule) module.distance = DISTANCE_ABOVE_ALL;
    }
  }

  static register(
    options: readonly Provider[],
    imports: DynamicModule['imports'] = [],
  ): DynamicModule {
    return {
      module: StoreModule,
      imports,
      providers: [...options, engineProvider],
      exports: [JOBS_OPTIONS, JOBS_ENGINE],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await endsWithin(CLOSE_TIMEOUT_MS, this.engine.close());
  }
}
