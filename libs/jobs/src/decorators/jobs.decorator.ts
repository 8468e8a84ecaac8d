import 'reflect-metadata';
import type { JobsClassOptions } from '../options/index.js';
import { declareQueue, JOBS_METADATA } from './job-metadata.js';

/**
 * Defaults for all `@Job()` methods of a class; what a method says itself wins.
 *
 * @example
 * ```ts
 * @Injectable()
 * @Jobs({ queue: 'emails', attempts: 5 })
 * class EmailService {}
 * ```
 * @publicApi
 */
export function Jobs(options: JobsClassOptions): ClassDecorator {
  return (target) => {
    Reflect.defineMetadata(JOBS_METADATA, options, target);
    declareQueue((options as JobsClassOptions | undefined)?.queue);
  };
}
