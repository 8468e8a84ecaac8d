import 'reflect-metadata';
import type { JobOptions } from '../options/index.js';
import { declareQueue, JOB_METADATA, misuseOf, noteMisplaced } from './job-metadata.js';

/**
 * Makes a method a handler: calls of it can be stored with `JobScheduler.enqueue()` and run later, in
 * this or another process. It stays an ordinary method, and can still be called directly.
 *
 * For instance methods of providers and controllers. A wrong use (static, getter, private `#name`) and
 * wrong options are reported at boot, all together.
 *
 * @example
 * ```ts
 * @Injectable()
 * class EmailService {
 *   @Job({ queue: 'emails', attempts: 5 })
 *   async sendWelcome(userId: string): Promise<void> {}
 * }
 * ```
 * @publicApi
 */
export function Job(options: JobOptions = {}): MethodDecorator {
  return (target, key, descriptor) => {
    const fault = misuseOf(target, key, descriptor);
    if (fault !== undefined) return noteMisplaced('@Job()', target, key, fault);
    Reflect.defineMetadata(JOB_METADATA, options, descriptor.value as object);
    declareQueue((options as JobOptions | null)?.queue);
  };
}
