import { Logger, type ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { JobScheduler, JobsModule, type JobsModuleOptions } from 'nestjs-jobs';
import { afterEachTest } from './after-tests.js';
import { type EngineFixture, type Isolation, placeOn } from './engines.js';

/** A Nest application with jobs on an isolated part of an engine's store. */
export interface JobsApp {
  readonly module: TestingModule;
  readonly jobs: JobScheduler;
  readonly isolation: Isolation;
  /** `forRoot()` options that reach the same jobs from another application. */
  readonly options: JobsModuleOptions;
  close(): Promise<void>;
}

/** What a test gives to {@link createJobsApp}. */
export interface JobsAppParts extends ModuleMetadata {
  readonly options?: JobsModuleOptions;
  /** Shares the store with another application of the test. */
  readonly isolation?: Isolation;
}

/** What an application needs of an engine. */
export type JobsAppEngine = Pick<EngineFixture, 'connection' | 'reusedIsolation' | 'cleanup'>;

const open: { app: TestingModule; engine: JobsAppEngine; isolation: Isolation }[] = [];

/** Boots an application; it is closed, and its part of the store removed, after the test. */
export async function createJobsApp(engine: JobsAppEngine, parts: JobsAppParts): Promise<JobsApp> {
  const isolation = parts.isolation ?? engine.reusedIsolation();
  const connection = parts.options?.connection ?? engine.connection;
  const options = { connection, ...placeOn(connection, isolation), ...parts.options };
  const module = await Test.createTestingModule({
    imports: [JobsModule.forRoot(options), ...(parts.imports ?? [])],
    providers: parts.providers ?? [],
    controllers: parts.controllers ?? [],
  }).compile();
  Logger.overrideLogger(false);
  open.push({ app: module, engine, isolation });
  await module.init();
  return {
    module,
    jobs: module.get(JobScheduler),
    isolation,
    options,
    close: () => module.close(),
  };
}

afterEachTest.push(async () => {
  const apps = open.splice(0);
  for (const { app } of apps.toReversed()) await app.close();
  const places = new Map(apps.map(({ engine, isolation }) => [isolation, engine]));
  for (const [isolation, engine] of places) await engine.cleanup(isolation);
});

/** A promise that a handler resolves: tests wait for signals, not for time. */
export function signal<T = void>(): PromiseWithResolvers<T> {
  return Promise.withResolvers<T>();
}
