import 'reflect-metadata';
import type {
  ContinuationMoment,
  ContinuationOptions,
  ContinuationValue,
  MethodOf,
} from '../options/index.js';
import { CONTINUATION_METADATA, declareQueue, misuseOf, noteMisplaced } from './job-metadata.js';

/** A use of `@Continuation()` on a method, as it was given. @internal */
export type ContinuationMetadata = ContinuationOptions<object, never, ContinuationMoment>;

/** What a method returns. */
type Returned<T, K extends keyof T> = T[K] extends (...args: never[]) => infer R
  ? Awaited<R>
  : never;

/** A method whose first argument can be `Value`, and that needs no other. */
type FollowingMethodDecorator<Value> = <Method extends (value: Value) => unknown>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Method>,
) => void;

/**
 * Runs a method after each job of another handler, as a job of its own: with the queue, retries and logs of a
 * `@Job()`, which it is too. It gets what that handler returned (or the error, see `on`) as its argument. Can be
 * given several times, to follow several handlers. Wrong uses are reported at boot.
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
    const method = descriptor.value as object;
    // Decorators are applied from the last to the first.
    const uses = [options as unknown as ContinuationMetadata, ...continuationsOf(method)];
    Reflect.defineMetadata(CONTINUATION_METADATA, uses, method);
    declareQueue((options as { queue?: unknown } | null)?.queue);
  };
}

/** Every use of `@Continuation()` on a method, in their order. @internal */
export function continuationsOf(method: object): readonly ContinuationMetadata[] {
  return (
    (Reflect.getMetadata(CONTINUATION_METADATA, method) as ContinuationMetadata[] | undefined) ?? []
  );
}
