import 'reflect-metadata';
import type { JobKey, JobKeyFunction, JobOptions } from '../options/index.js';
import { declareQueue, misuseOf, noteMisplaced } from './job-metadata.js';
import { decorate } from './method-decorations.js';

/**
 * Decorates a method whose arguments its key functions take.
 * @typeParam K the key functions of the options
 * @publicApi
 */
export type JobDecorator<K extends JobKeyFunction> = <T>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<T> & KeysFit<K, T>,
) => void;

/**
 * Unknown where every key function takes what the method takes; parameters without a type are not
 * checked.
 */
type KeysFit<K extends JobKeyFunction, T> = [K] extends [never]
  ? unknown
  : T extends (...args: infer A) => unknown
    ? true extends KeyMisfit<K, A>
      ? 'a key function expects other parameters than the method has'
      : unknown
    : unknown;

type KeyMisfit<K extends JobKeyFunction, A extends unknown[]> = K extends (
  ...args: infer P
) => unknown
  ? [P[number]] extends [never]
    ? false
    : K extends (...args: A) => JobKey
      ? false
      : true
  : never;

/**
 * Makes a method a handler: calls of it can be stored with `JobScheduler.enqueue()` and run later,
 * in this or another process. It stays an ordinary method, and can still be called directly.
 *
 * For instance methods of providers and controllers. A wrong use (static, getter, private `#name`)
 * and wrong options are reported at boot, all together.
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
export function Job<
  C extends JobKeyFunction = never,
  R extends JobKeyFunction = never,
  U extends JobKeyFunction = never,
>(options: JobOptions<C, R, U> = {}): JobDecorator<C | R | U> {
  return (target, key, descriptor) => {
    const fault = misuseOf(target, key, descriptor);
    if (fault !== undefined) return noteMisplaced('@Job()', target, key, fault);
    decorate(target, key as string, descriptor.value as object).job = options;
    declareQueue((options as JobOptions | null)?.queue);
  };
}
