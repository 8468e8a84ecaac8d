import type { BackoffOptions } from './job-options.js';

/** The queue of handlers that name none. @internal */
export const DEFAULT_QUEUE = 'default';

/**
 * A job that is to be removed at once is still kept this long, for `result()` and continuations.
 * @internal
 */
export const SHORTEST_RETENTION_MS = 60_000;

/**
 * Default backoff; its fields also fill in what a partial exponential backoff leaves out. @internal
 */
export const DEFAULT_BACKOFF = {
  type: 'exponential',
  delay: 1_000,
  maxDelay: 3_600_000,
  jitter: 0.5,
} as const satisfies BackoffOptions;

/** Every default of `forRoot()`; written once. Durations in milliseconds. @internal */
export const DEFAULTS = {
  connection: 'file:./data/jobs.sqlite',
  prefix: 'jobs',
  schema: 'jobs',
  migrate: true,
  workers: true,
  attempts: 10,
  concurrency: 10,
  removeOnComplete: { age: 24 * 3_600_000, count: 10_000 },
  removeOnFail: { age: 7 * 24 * 3_600_000, count: 50_000 },
  maxPayloadBytes: 1_048_576,
  connectTimeout: 10_000,
  enqueueTimeout: 5_000,
  shutdownTimeout: 30_000,
  abortTimeout: 5_000,
  unknownNameTimeout: 600_000,
  lockDuration: 15_000,
  sweepInterval: 5_000,
  maxStalls: 5,
} as const;
