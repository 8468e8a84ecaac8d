import { InvalidInvocationError } from '../errors/index.js';
import { show } from '../options/index.js';

/**
 * What `enqueueMany` goes through. Without an await, that of which its items come would be taken
 * for an empty list.
 * @throws InvalidInvocationError
 * @internal
 */
export function itemsOf<A>(items: Iterable<A>): Iterable<A> {
  if (isIterable(items)) return items;
  throw new InvalidInvocationError(
    `The items of enqueueMany() expected an iterable, got ${describe(items)}.`,
  );
}

/** The call of one item; what is no function is refused by the recorder, in its words. @internal */
export function callFor<T, A, R>(item: A, call: (service: T, item: A) => R): (service: T) => R {
  return typeof call === 'function' ? (service) => call(service, item) : call;
}

function isIterable(value: unknown): boolean {
  return typeof (value as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] === 'function';
}

function describe(items: unknown): string {
  const { then, [Symbol.asyncIterator]: iterate } = (items ?? {}) as Partial<
    PromiseLike<unknown> & AsyncIterable<unknown>
  >;
  if (typeof then === 'function') return 'a Promise: await it';
  if (typeof iterate === 'function') return 'an async one: collect its items in a list';
  return show(items);
}
