import { types } from 'node:util';

/** No option has parts deeper than this. */
const MAX_DEPTH = 3;

/**
 * Options as they are at the call: a copy, for which each of them is read once, whatever their
 * getters say the next time and whatever becomes of them later. What is no object of options is
 * left to the checks.
 * @internal
 */
export function takeOptions<T>(options: T): T {
  return take(options, 0) as T;
}

function take(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return value;
  if (types.isDate(value)) return new Date(value);
  if (kindOfOther(value) !== undefined) return value;
  if (Array.isArray(value)) return Array.from(value, (item) => take(item, depth + 1));
  const copy: Record<string, unknown> = {};
  for (const name in value) copy[name] = take((value as Record<string, unknown>)[name], depth + 1);
  return copy;
}

/**
 * What an object is that would be taken for one without options: a promise that nobody awaited, a
 * Map, a Set.
 * @internal
 */
export function kindOfOther(value: object): string | undefined {
  if (types.isMap(value)) return 'a Map';
  if (types.isSet(value)) return 'a Set';
  return isPromise(value) ? 'a Promise' : undefined;
}

/** @internal */
export function isPromise(value: unknown): boolean {
  return typeof (value as Partial<PromiseLike<unknown>> | null)?.then === 'function';
}
