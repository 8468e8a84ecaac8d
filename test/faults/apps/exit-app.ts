import 'reflect-metadata';
import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Job, JobScheduler, JobsModule, type JobsModuleOptions } from 'nestjs-jobs';

/** Ways to leave an application without closing it. */
export const EXITS = {
  /** Another provider fails after the store was connected. */
  'failed boot': async (options: JobsModuleOptions) => {
    const failing = { provide: 'FAILING', useFactory: () => Promise.reject(new Error('no')) };
    await create(options, { providers: [failing] }).catch(() => undefined);
  },
  'two stores': async (options: JobsModuleOptions) => {
    await create(options, { imports: [JobsModule.forRoot(options)] }).catch(() => undefined);
  },
  /** It enqueues, reads and forgets. */
  'producer without close': async (options: JobsModuleOptions) => {
    const app = await create({ ...options, workers: false }, { providers: [Work] });
    const jobs = app.get(JobScheduler);
    const handle = await jobs.enqueue(Work, (s) => s.run());
    process.send?.(await handle.state());
  },
  /** Nothing but its worker keeps it, until a job that is due later. */
  worker: async (options: JobsModuleOptions) => {
    const app = await create(options, { providers: [Work] });
    await app.get(JobScheduler).schedule(Work, (s) => s.end(), { delay: 1_500 });
  },
} satisfies Record<string, (options: JobsModuleOptions) => Promise<void>>;

@Injectable()
class Work {
  @Job()
  run(): void {}

  @Job()
  end(): void {
    process.send?.('ran', () => process.exit());
  }
}

@Module({})
class AppModule {}

function create(options: JobsModuleOptions, parts: Partial<DynamicModule>) {
  const { imports = [], ...rest } = parts;
  const module = { module: AppModule, imports: [JobsModule.forRoot(options), ...imports], ...rest };
  return NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
}

const [way, options] = process.argv.slice(2);
await EXITS[way as keyof typeof EXITS](JSON.parse(options!) as JobsModuleOptions);
process.send?.('left');
// The channel to the test, not the application, would keep the process.
process.channel?.unref();
