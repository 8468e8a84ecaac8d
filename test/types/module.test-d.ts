import { Injectable, type DynamicModule } from '@nestjs/common';
import { JobsModule, type JobsModuleOptions, type JobsOptionsFactory } from 'nestjs-jobs';
import { describe, expectTypeOf, it } from 'vitest';

@Injectable()
class Config {
  readonly url = 'redis://localhost';
}

@Injectable()
class OptionsFactory implements JobsOptionsFactory {
  createJobsOptions(): JobsModuleOptions {
    return { connection: 'redis://localhost' };
  }
}

describe('forRoot', () => {
  it('gives a dynamic module', () => {
    expectTypeOf(JobsModule.forRoot()).toEqualTypeOf<DynamicModule>();
    JobsModule.forRoot({
      connection: 'redis://localhost',
      queues: { emails: { concurrency: 5, rateLimit: { max: 1, per: '1s' } } },
      workers: ['emails'],
      defaults: { attempts: 3, backoff: { type: 'fixed', delay: '1s' } },
    });
  });

  it('refuses unknown and wrong options', () => {
    // @ts-expect-error misspelt
    JobsModule.forRoot({ conection: 'redis://localhost' });
    // @ts-expect-error a number for a connection
    JobsModule.forRoot({ connection: 5 });
    // @ts-expect-error misspelt, inside
    JobsModule.forRoot({ defaults: { atempts: 3 } });
    // @ts-expect-error a function cannot be the default backoff
    JobsModule.forRoot({ defaults: { backoff: () => 5 } });
    // @ts-expect-error a rate limit needs both
    JobsModule.forRoot({ queues: { emails: { rateLimit: { max: 1 } } } });
  });
});

describe('forRootAsync', () => {
  it('takes a factory with injected, typed parameters', () => {
    const module = JobsModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => ({ connection: config.url }),
    });
    expectTypeOf(module).toEqualTypeOf<DynamicModule>();
    JobsModule.forRootAsync({ useFactory: async () => ({ connection: 'redis://localhost' }) });
  });

  it('takes a class that makes the options', () => {
    JobsModule.forRootAsync({ useClass: OptionsFactory });
    JobsModule.forRootAsync({ useExisting: OptionsFactory, imports: [] });
    // @ts-expect-error makes no options
    JobsModule.forRootAsync({ useClass: Config });
  });

  it('refuses a factory of wrong options', () => {
    // @ts-expect-error a number for a connection
    JobsModule.forRootAsync({ useFactory: () => ({ connection: 5 }) });
    // @ts-expect-error nothing is returned
    JobsModule.forRootAsync({ useFactory: () => undefined });
  });

  it('needs exactly one way to make the options', () => {
    // @ts-expect-error none
    JobsModule.forRootAsync({});
    // @ts-expect-error two
    JobsModule.forRootAsync({ useClass: OptionsFactory, useFactory: () => ({}) });
  });
});
