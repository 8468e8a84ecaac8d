import { Injectable, type Type } from '@nestjs/common';
import { Job, Recurring, type JobOptions, type RecurringOptions } from 'nestjs-jobs';

/** What a version of a service has. */
export interface Runner {
  run(key?: string): Promise<unknown>;
}

/** A version of a service, whose one handler has these options. */
export function version(run: (key?: string) => unknown, options: JobOptions): Type<Runner> {
  @Injectable()
  class Service {
    async run(key?: string): Promise<unknown> {
      return run(key);
    }
  }
  const method = Object.getOwnPropertyDescriptor(Service.prototype, 'run')!;
  Job(options)(Service.prototype, 'run', method as never);
  return Service;
}

/** A version of a service with one recurring job. */
export function ticking(run: () => unknown, every: number, options: RecurringOptions): Type {
  @Injectable()
  class Service {
    run(): void {
      run();
    }
  }
  const method = Object.getOwnPropertyDescriptor(Service.prototype, 'run')!;
  Recurring({ every }, options)(Service.prototype, 'run', method as never);
  return Service;
}
