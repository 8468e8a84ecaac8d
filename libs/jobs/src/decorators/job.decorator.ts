import 'reflect-metadata';
import type { JobOptions } from '../options/index.js';
import { declareQueue, JOB_METADATA, misplacedJobs } from './job-metadata.js';

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
    const fault = misuse(target, key, descriptor);
    if (fault === undefined) {
      Reflect.defineMetadata(JOB_METADATA, options, descriptor.value as object);
      declareQueue((options as JobOptions | null)?.queue);
      return;
    }
    const owner = typeof target === 'function' ? target : target?.constructor;
    misplacedJobs.push({
      target: owner ?? target,
      where: `${owner?.name ?? 'class'}.${String(key)}`,
      reason: fault,
    });
  };
}

function misuse(
  target: object,
  key: string | symbol,
  descriptor: PropertyDescriptor | undefined,
): string | undefined {
  if (typeof target === 'function') return 'expected an instance method, got a static one';
  if (typeof key === 'symbol') return 'expected a method with a name, got one with a symbol';
  if (key.startsWith('#')) return 'expected a public method, got a private one';
  if (descriptor?.get || descriptor?.set) return 'expected a method, got a getter or setter';
  if (typeof descriptor?.value !== 'function') return 'expected a method, got a property';
  return undefined;
}
