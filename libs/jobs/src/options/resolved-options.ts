import type { Calendar } from './calendar.js';
import type { ContextCarrier } from './context-carrier.js';
import type { BackoffOptions } from './job-options.js';
import type { JobsConnection } from './module-options.js';

/** DI token of the {@link ResolvedOptions}. @internal */
export const JOBS_OPTIONS = Symbol('nestjs-jobs:options');

/** Retention with its age in milliseconds; undefined means no limit. @internal */
export interface ResolvedRetention {
  readonly ageMs: number | undefined;
  readonly count: number | undefined;
}

/** Options of one queue, complete. @internal */
export interface ResolvedQueueOptions {
  readonly concurrency: number;
  readonly rateLimit: { readonly max: number; readonly perMs: number } | undefined;
}

/** Options after defaults and validation: complete, durations in milliseconds. @internal */
export interface ResolvedOptions {
  readonly connection: JobsConnection;
  /** Whether somebody said where jobs are stored. */
  readonly hasConnection: boolean;
  readonly directConnection: JobsConnection | undefined;
  readonly prefix: string;
  readonly schema: string;
  readonly migrate: boolean;
  readonly queues: ReadonlyMap<string, ResolvedQueueOptions>;
  readonly workers: boolean | readonly string[];
  readonly attempts: number;
  readonly backoff: BackoffOptions;
  readonly timeoutMs: number | undefined;
  readonly concurrency: number;
  readonly removeOnComplete: ResolvedRetention;
  readonly removeOnFail: ResolvedRetention;
  readonly maxPayloadBytes: number;
  readonly connectTimeoutMs: number;
  readonly enqueueTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly abortTimeoutMs: number;
  readonly unknownNameTimeoutMs: number;
  readonly lockDurationMs: number;
  readonly sweepIntervalMs: number;
  readonly maxStalls: number;
  readonly context: ContextCarrier | undefined;
  readonly recurring: { readonly dialect: 'unix' | 'quartz' | undefined };
  readonly calendars: ReadonlyMap<string, Calendar>;
  readonly globalEnhancers: boolean;
}
