import type { CalledMethod } from '../calling/index.js';
import type {
  BackoffFunction,
  BackoffOptions,
  JobOptions,
  ResolvedRetention,
} from '../options/index.js';
import type { ArgumentSchemas } from '../payload/index.js';
import type { ConcurrencyLimit, RateLimit, Uniqueness } from './handler-limits.js';

/**
 * A class as it is used to name a handler: concrete or abstract.
 * @publicApi
 */
export type HandlerClass<T = unknown> = abstract new (...args: never[]) => T;

/**
 * One decorated method of one provider, with all its options complete.
 * @internal
 */
export interface Handler extends CalledMethod {
  /** The stored name. */
  readonly name: string;
  readonly aliases: readonly string[];
  /**
   * What keys of its jobs belong to: the first of its aliases, else its name. So a renamed handler
   * shares them with the version before it.
   */
  readonly group: string;
  readonly queue: string;
  /** The class that callers name it by: the DI token where it is a class. */
  readonly owner: HandlerClass;
  readonly attempts: number;
  readonly backoff: BackoffOptions | BackoffFunction;
  readonly retryIf: JobOptions['retryIf'];
  readonly timeoutMs: number | undefined;
  readonly priority: number | undefined;
  readonly removeOnComplete: ResolvedRetention;
  readonly removeOnFail: ResolvedRetention;
  readonly concurrency: ConcurrencyLimit | undefined;
  readonly rateLimit: RateLimit | undefined;
  readonly unique: Uniqueness | undefined;
  readonly schemas: ArgumentSchemas;
}
