import { PublicService } from '../contracts/index.js';
import type { HandlerClass } from '../discovery/index.js';
import type { Duration, JobKey } from '../options/index.js';

/** Names of the methods of a class. */
type MethodOf<T> = {
  [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never;
}[keyof T] &
  string;

/**
 * What is changed of a handler's limits: of one key, or of all that have no limit of their own.
 * @publicApi
 */
export interface LimitChange {
  /** The key. Default: all keys. */
  key?: JobKey;
  /** How many jobs of the key run at once, 1 to 1,000,000: takes the place of `concurrency.limit`. */
  limit?: number;
  /** How many jobs of the key start within `per`, 1 to 1,000,000: takes the place of `rateLimit.max`. */
  max?: number;
  /** Takes the place of `rateLimit.per`; only with `max`. */
  per?: Duration;
}

/**
 * The limits of a key as they are now.
 * @publicApi
 */
export interface LimitsNow {
  /** Absent when the handler has no `concurrency`. */
  readonly concurrency?: number;
  /** Absent when the handler has no `rateLimit`. */
  readonly rateLimit?: { readonly max: number; readonly perMs: number };
}

/**
 * Limits of handlers, changed at run time for the whole fleet; `JobScheduler.limits`. A change is stored, and outlives
 * restarts and deploys until it is reset; processes that run know of it at once, or within 5 s where messages do not
 * arrive. A limit that is lowered stops nothing that runs.
 * @publicApi
 */
export abstract class JobLimits extends PublicService {
  /**
   * Changes limits of a handler. What is left out stays as it is.
   * @param method a `@Job()` method with `concurrency` or `rateLimit`; handlers of the same `group` change together
   * @throws InvalidLimitError with every fault
   */
  abstract set<T extends object>(
    type: HandlerClass<T>,
    method: MethodOf<T>,
    change: LimitChange,
  ): Promise<void>;

  /**
   * The limits in force, of a key or of all that have none of their own.
   * @throws InvalidLimitError when the handler has no limits, or the key is none
   */
  abstract get<T extends object>(
    type: HandlerClass<T>,
    method: MethodOf<T>,
    key?: JobKey,
  ): Promise<LimitsNow>;

  /**
   * Takes a change back: the decorator's limits count again.
   * @param key that of the change; none takes back that for all keys, and leaves those of single keys
   * @throws InvalidLimitError when the handler has no limits, or the key is none
   */
  abstract reset<T extends object>(
    type: HandlerClass<T>,
    method: MethodOf<T>,
    key?: JobKey,
  ): Promise<void>;
}
