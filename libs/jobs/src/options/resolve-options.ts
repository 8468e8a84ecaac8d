import { JobsConfigurationError } from '../errors/index.js';
import { DEFAULT_BACKOFF, DEFAULTS, SHORTEST_RETENTION_MS } from './defaults.js';
import { parseDuration, type Duration } from './duration.js';
import type { Retention } from './job-options.js';
import type { JobsModuleOptions, QueueOptions } from './module-options.js';
import { nodeFaults } from './node-version.js';
import type {
  ResolvedOptions,
  ResolvedQueueOptions,
  ResolvedRetention,
} from './resolved-options.js';
import { isObject, namesStore, validateModuleOptions } from './validate-module-options.js';

/**
 * Validates what `forRoot()` was given, then fills in the defaults.
 * @param faultsInStore what is wrong, for the store that `connection` names, with options that are
 *   right by themselves
 * @throws JobsConfigurationError with every fault
 * @internal
 */
export function resolveOptions(
  options: JobsModuleOptions,
  faultsInStore: (given: JobsModuleOptions) => readonly string[] = () => [],
): ResolvedOptions {
  const given = withTrimmedAddresses(options);
  const problems = [...nodeFaults(process.versions.node), ...validateModuleOptions(given)];
  if (namesStore(given)) problems.push(...faultsInStore(given));
  if (problems.length > 0) throw new JobsConfigurationError(problems);
  const defaults = given.defaults ?? {};
  const lock = given.lock ?? {};
  const concurrency = defaults.concurrency ?? DEFAULTS.concurrency;
  return {
    connection: given.connection ?? DEFAULTS.connection,
    hasConnection: given.connection !== undefined,
    directConnection: given.directConnection,
    prefix: given.prefix ?? DEFAULTS.prefix,
    schema: given.schema ?? DEFAULTS.schema,
    migrate: given.migrate ?? DEFAULTS.migrate,
    queues: new Map(
      Object.entries(given.queues ?? {}).map(([name, queue]) => [
        name,
        resolveQueue(queue, concurrency),
      ]),
    ),
    workers: given.workers ?? DEFAULTS.workers,
    attempts: defaults.attempts ?? DEFAULTS.attempts,
    backoff: defaults.backoff ?? DEFAULT_BACKOFF,
    timeoutMs: defaults.timeout === undefined ? undefined : parseDuration(defaults.timeout),
    concurrency,
    removeOnComplete: resolveRetention(defaults.removeOnComplete ?? DEFAULTS.removeOnComplete),
    removeOnFail: resolveRetention(defaults.removeOnFail ?? DEFAULTS.removeOnFail),
    maxPayloadBytes: given.maxPayloadBytes ?? DEFAULTS.maxPayloadBytes,
    connectTimeoutMs: ms(given.connectTimeout, DEFAULTS.connectTimeout),
    enqueueTimeoutMs: ms(given.enqueueTimeout, DEFAULTS.enqueueTimeout),
    shutdownTimeoutMs: ms(given.shutdownTimeout, DEFAULTS.shutdownTimeout),
    abortTimeoutMs: ms(given.abortTimeout, DEFAULTS.abortTimeout),
    unknownNameTimeoutMs: ms(given.unknownNameTimeout, DEFAULTS.unknownNameTimeout),
    lockDurationMs: ms(lock.duration, DEFAULTS.lockDuration),
    sweepIntervalMs: ms(lock.sweep, DEFAULTS.sweepInterval),
    maxStalls: lock.maxStalls ?? DEFAULTS.maxStalls,
    context: given.context,
    recurring: { dialect: given.recurring?.dialect },
    calendars: new Map(Object.entries(given.calendars ?? {})),
    globalEnhancers: given.globalEnhancers ?? false,
  };
}

/**
 * A retention in milliseconds; `true` ("remove at once") becomes the shortest one.
 * @internal
 */
export function resolveRetention(retention: Retention): ResolvedRetention {
  if (retention === false) return { ageMs: undefined, count: undefined };
  if (retention === true) return { ageMs: SHORTEST_RETENTION_MS, count: undefined };
  const age = retention.age === undefined ? undefined : parseDuration(retention.age)!;
  return {
    ageMs: age === undefined ? undefined : Math.max(age, SHORTEST_RETENTION_MS),
    count: retention.count,
  };
}

/**
 * Addresses come from variables of the environment. One that is set to nothing, as compose files
 * set those that have no value, is taken for one that is not set; blanks and line ends around one
 * are left out.
 */
function withTrimmedAddresses(options: JobsModuleOptions): JobsModuleOptions {
  if (!isObject(options)) return options;
  const trimmed: JobsModuleOptions = {};
  for (const name of ['connection', 'directConnection'] as const) {
    const address = options[name];
    if (typeof address === 'string') trimmed[name] = address.trim() || undefined;
  }
  return { ...options, ...trimmed };
}

function resolveQueue(queue: QueueOptions, concurrency: number): ResolvedQueueOptions {
  return {
    concurrency: queue.concurrency ?? concurrency,
    rateLimit: queue.rateLimit && {
      max: queue.rateLimit.max,
      perMs: parseDuration(queue.rateLimit.per)!,
    },
  };
}

function ms(given: Duration | undefined, fallback: number): number {
  return given === undefined ? fallback : parseDuration(given)!;
}
