import { InvalidEnqueueOptionsError, type JobLocation } from '../errors/index.js';
import {
  LIMIT_RULES,
  parseDuration,
  show,
  type ConcurrencyOptions,
  type JobKey,
  type JobKeyFunction,
  type JobOptions,
} from '../options/index.js';

/** `concurrency` of a handler, complete. @internal */
export interface ConcurrencyLimit {
  readonly group: string;
  readonly key: JobKey | JobKeyFunction | undefined;
  readonly limit: NonNullable<ConcurrencyOptions['limit']>;
  readonly isSkipping: boolean;
}

/** `rateLimit` of a handler, complete. @internal */
export interface RateLimit {
  readonly group: string;
  readonly key: JobKey | JobKeyFunction | undefined;
  readonly max: number;
  readonly perMs: number;
}

/** `unique` of a handler or of a call, complete. @internal */
export interface Uniqueness {
  /** What keeps the keys of handlers apart that share a queue. */
  readonly group: string;
  readonly key: JobKey | JobKeyFunction | undefined;
  readonly until: 'started' | 'finished' | undefined;
  /** From the enqueueing on; undefined unless a time was given. */
  readonly forMs: number | undefined;
  readonly onDuplicate: 'skip' | 'replace' | 'reschedule' | 'throw';
}

/** @internal */
export function concurrencyLimit(
  options: JobOptions['concurrency'],
  ownGroup: string,
): ConcurrencyLimit | undefined {
  if (options === undefined) return undefined;
  const { group = ownGroup, key, limit = 1, onLimit = 'wait' } = options;
  return { group, key, limit, isSkipping: onLimit === 'skip' };
}

/** @internal */
export function rateLimit(
  options: JobOptions['rateLimit'],
  ownGroup: string,
): RateLimit | undefined {
  if (options === undefined) return undefined;
  const { group = ownGroup, key, max, per } = options;
  return { group, key, max, perMs: Math.max(1, parseDuration(per)!) };
}

/** @internal */
export function uniqueness(options: JobOptions['unique'], group: string): Uniqueness | undefined {
  if (options === undefined) return undefined;
  const { key, onDuplicate = 'skip' } = options;
  const lasts = options.for ?? 'until-finished';
  if (lasts === 'until-started' || lasts === 'until-finished') {
    const until = lasts === 'until-started' ? 'started' : 'finished';
    return { group, key, until, forMs: undefined, onDuplicate };
  }
  return { group, key, until: undefined, forMs: parseDuration(lasts)!, onDuplicate };
}

/**
 * A job's key.
 * @param option what it comes from: the option's name, for messages
 * @throws InvalidEnqueueOptionsError when the handler's function throws, or returns no key
 * @internal
 */
export function jobKey(
  key: JobKey | JobKeyFunction | undefined,
  args: readonly unknown[],
  option: string,
  location: JobLocation,
): string {
  if (key === undefined) return '';
  let made: unknown = key;
  if (typeof key === 'function') {
    try {
      made = key(...(args as never[]));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new InvalidEnqueueOptionsError([`the function "${option}" threw: ${reason}`], location);
    }
  }
  if (LIMIT_RULES.key.accepts(made)) return String(made);
  const got = made instanceof Promise ? 'a promise' : show(made);
  const fault = `"${option}" expected ${LIMIT_RULES.key.expected}, got ${got}`;
  throw new InvalidEnqueueOptionsError([fault], location);
}

/**
 * The limit that a handler sets for a key.
 * @throws InvalidEnqueueOptionsError when its function throws, or returns no limit
 * @internal
 */
export function limitOf({ limit, group }: ConcurrencyLimit, key: string): number {
  if (typeof limit === 'number') return limit;
  const location = { name: group };
  let made: unknown;
  try {
    made = limit(key);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const fault = `the function "concurrency.limit" threw for the key ${show(key)}: ${reason}`;
    throw new InvalidEnqueueOptionsError([fault], location);
  }
  if (LIMIT_RULES.limit.accepts(made)) return made as number;
  const fault = `"concurrency.limit" expected ${LIMIT_RULES.limit.expected}, got ${show(made)} for the key ${show(key)}`;
  throw new InvalidEnqueueOptionsError([fault], location);
}
