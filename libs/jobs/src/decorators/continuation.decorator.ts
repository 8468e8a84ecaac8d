import 'reflect-metadata';
import type {
  ContinuationMoment,
  ContinuationOptions,
  ContinuationValue,
  MethodOf,
  ReturnedValue,
} from '../options/index.js';
import { declareQueue, misuseOf, noteMisplaced } from './job-metadata.js';
import { decorate, type ContinuationMetadata } from './method-decorations.js';

/** What a method returns. */
type Returned<T, K extends keyof T> = T[K] extends (...args: never[]) => infer R
  ? ReturnedValue<R>
  : never;

/** A method whose first argument can be `Value`, and that needs no other. */
type FollowingMethodDecorator<Value> = <Method extends (value: Value) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Runs a method after each job of another handler, as a job of its own: with the queue, retries and
 * logs of a `@Job()`, which it is too. It gets what that handler returned (or the error, see `on`)
 * as its argument. Can be given several times, to follow several handlers. Wrong uses are reported
 * at boot.
 *
 * @example
 * ```ts
 * @Continuation({ after: [OrderService, 'process'] })
 * async notifyCustomer(order: OrderResult): Promise<void> {}
 * ```
 * @publicApi
 */
export function Continuation<T, K extends MethodOf<T>, On extends ContinuationMoment = 'completed'>(
  options: ContinuationOptions<T, K, On>,
): FollowingMethodDecorator<ContinuationValue<Returned<T, K>, On>> {
  return (target, key, descriptor) => {
    const fault = misuseOf(target, key, descriptor);
    if (fault !== undefined) return noteMisplaced('@Continuation()', target, key, fault);
    const { continuations } = decorate(target, key as string, descriptor.value as object);
    // Decorators are applied from the last to the first.
    continuations.unshift(options as unknown as ContinuationMetadata);
    declareQueue((options as { queue?: unknown } | null)?.queue);
  };
}
