import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { ContinuationMetadata, RecurringMetadata } from '../decorators/index.js';
import {
  DEFAULT_QUEUE,
  parseDuration,
  resolveRetention,
  type JobOptions,
  type JobsClassOptions,
  type ResolvedOptions,
  type ResolvedRetention,
  type Retention,
} from '../options/index.js';
import type { ArgumentSchemas } from '../payload/index.js';
import type { Handler, HandlerClass } from './handler.js';
import { concurrencyLimit, rateLimit, uniqueness } from './handler-limits.js';

/** A decorated method as the explorer found it. @internal */
export interface FoundHandler {
  readonly wrapper: InstanceWrapper<object> | undefined;
  readonly type: HandlerClass;
  /** The class that the default name starts with: the DI token where it is a class. */
  readonly owner: HandlerClass;
  readonly methodName: string;
  /** The method, with the metadata of the one that was decorated where it stands in its place. */
  readonly method: object;
  /** All options of the method; those of `@Recurring()` win over those of `@Job()`. */
  readonly options: JobOptions;
  /** What `@Job()` was given; none where there is only `@Recurring()`. */
  readonly ownOptions: JobOptions;
  /** Its uses of `@Recurring()`. */
  readonly recurrences: readonly RecurringMetadata[];
  /** Its uses of `@Continuation()`. */
  readonly continuations: readonly ContinuationMetadata[];
  readonly classOptions: JobsClassOptions;
}

/**
 * Completes the options of a decorated method: the method's win over its class's, those over
 * `forRoot()`'s.
 * @internal
 */
export function createHandler(found: FoundHandler, defaults: ResolvedOptions): Handler {
  const options = { ...found.classOptions, ...dropUndefined(found.options) };
  const name = options.name ?? `${found.owner.name}.${found.methodName}`;
  const group = options.aliases?.[0] ?? name;
  return {
    name,
    aliases: options.aliases ?? [],
    group,
    queue: options.queue ?? DEFAULT_QUEUE,
    methodName: found.methodName,
    method: found.method,
    type: found.type,
    owner: found.owner,
    wrapper: found.wrapper,
    attempts: options.attempts ?? defaults.attempts,
    backoff: options.backoff ?? defaults.backoff,
    retryIf: options.retryIf,
    timeoutMs: options.timeout === undefined ? defaults.timeoutMs : parseDuration(options.timeout),
    priority: options.priority,
    removeOnComplete: retention(options.removeOnComplete, defaults.removeOnComplete),
    removeOnFail: retention(options.removeOnFail, defaults.removeOnFail),
    concurrency: concurrencyLimit(options.concurrency, group),
    rateLimit: rateLimit(options.rateLimit, group),
    unique: uniqueness(options.unique, group),
    schemas: toList(options.schema),
  };
}

function retention(own: Retention | undefined, fallback: ResolvedRetention): ResolvedRetention {
  return own === undefined ? fallback : resolveRetention(own);
}

function toList(schema: JobOptions['schema']): ArgumentSchemas {
  if (schema === undefined) return [];
  return Array.isArray(schema) ? (schema as ArgumentSchemas) : [schema as ArgumentSchemas[number]];
}

function dropUndefined(options: JobOptions): JobOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
