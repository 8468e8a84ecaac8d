import { randomUUID } from 'node:crypto';
import type { JobsOptions } from 'bullmq';
import { Inject, Injectable } from '@nestjs/common';
import { JOBS_ENGINE, type Engine, type StoredKey } from '../contracts/index.js';
import {
  jobKey,
  limitOf,
  uniqueness,
  type Handler,
  type RateLimit,
  type Uniqueness,
} from '../discovery/index.js';
import { InvalidEnqueueOptionsError, PayloadTooLargeError } from '../errors/index.js';
import {
  JOBS_OPTIONS,
  parseDuration,
  rules,
  show,
  type BackoffOptions,
  type JobKey,
  type ResolvedOptions,
} from '../options/index.js';
import {
  copyOfArguments,
  fingerprintOf,
  serializeArguments,
  storeValue,
  validateArguments,
  type StoredPayload,
} from '../payload/index.js';
import type { EnqueueOptions } from './enqueue-options.js';
import { newJobId } from './job-id.js';
import type { PreparedJob, StoredJobOptions } from './prepared-job.js';

/** How long an idempotency key holds after completion. */
const DEFAULT_WINDOW = '24 h';

/**
 * Makes a {@link PreparedJob} of a handler, arguments and options. All that can be wrong with one
 * job is found here, so that it cannot spoil a batch.
 * @internal
 */
@Injectable()
export class JobPreparer {
  constructor(
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
    @Inject(JOBS_ENGINE) private readonly engine: Pick<Engine, 'clockOffset'>,
  ) {}

  /** The time of the store, by which jobs are due, in Unix milliseconds. */
  storeNow(): number {
    return Date.now() + this.engine.clockOffset;
  }

  /**
   * @param args may change from now on: they are copied
   * @param options a copy of what was given, checked
   * @param delayMs 0 = at once
   * @returns at once, or a promise where the handler has a schema, which may be asynchronous
   */
  prepare(
    handler: Handler,
    args: readonly unknown[],
    options: EnqueueOptions,
    delayMs: number,
  ): PreparedJob | Promise<PreparedJob> {
    const { name } = handler;
    const queue = options.queue ?? handler.queue;
    if (!Array.isArray(args)) throw new InvalidEnqueueOptionsError(noList(args), { queue, name });
    const job = this.draft(name, queue, args, options, delayMs, handler);
    if (handler.schemas.length === 0) return withLimits(job, options, handler);
    // Only checked here; what the schema makes of the arguments counts at execution.
    return validateArguments(copyOfArguments(job.data), handler.schemas, { queue, name }).then(() =>
      withLimits(job, options, handler),
    );
  }

  /** For names that this process has no handler of. */
  prepareByName(
    name: string,
    queue: string,
    args: readonly unknown[],
    options: EnqueueOptions,
    delayMs: number,
  ): PreparedJob {
    const location = { queue, name };
    const faults = [
      rules.jobName.accepts(name) ? [] : [`expected ${rules.jobName.expected}, got ${show(name)}`],
      Array.isArray(args) ? [] : noList(args),
    ].flat();
    if (faults.length > 0) throw new InvalidEnqueueOptionsError(faults, location);
    return withLimits(
      this.draft(name, queue, args, options, delayMs, undefined),
      options,
      undefined,
    );
  }

  /** The job but for what the handler's own functions make of the arguments. */
  private draft(
    name: string,
    queue: string,
    args: readonly unknown[],
    options: EnqueueOptions,
    delayMs: number,
    handler: Handler | undefined,
  ): Mutable<PreparedJob> {
    const location = { queue, name };
    const id = options.id ?? newJobId();
    const data: Mutable<StoredPayload> = serializeArguments(
      args,
      location,
      this.options.maxPayloadBytes,
    );
    const context = this.captureContext(location);
    if (context !== undefined) data.context = context;
    if (options.id !== undefined) data.nonce = randomUUID();
    if (options.idempotencyKey !== undefined)
      data.idempotency = storedKey(options, data, name, handler);
    return { queue, name, id, data, opts: this.storedOptions(options, delayMs, handler) };
  }

  private storedOptions(
    options: EnqueueOptions,
    delayMs: number,
    handler: Handler | undefined,
  ): StoredJobOptions {
    const stored: Mutable<StoredJobOptions> = {
      attempts: options.attempts ?? handler?.attempts ?? this.options.attempts,
    };
    // Pauses and retention are worked out where the job runs; only an override of this call is
    // stored.
    if (options.backoff !== undefined) stored.backoff = storedBackoff(options.backoff);
    const priority = options.priority ?? handler?.priority;
    if (priority !== undefined) stored.priority = priority;
    if (delayMs > 0) stored.delay = delayMs;
    if (options.lifo) stored.lifo = true;
    if (options.timeout !== undefined) stored.timeoutMs = parseDuration(options.timeout)!;
    return stored;
  }

  private captureContext(location: { queue: string; name: string }): unknown {
    const captured = this.options.context?.capture();
    if (captured === undefined) return undefined;
    // The same rules as for arguments: a live request object is refused here, not stored half.
    const { value, maxBytes } = storeValue(captured, 'context', location);
    const limit = this.options.maxPayloadBytes;
    const bytes = maxBytes > limit ? Buffer.byteLength(JSON.stringify(value)) : 0;
    if (bytes > limit) throw new PayloadTooLargeError(bytes, limit, location);
    return value;
  }
}

function noList(args: unknown): string[] {
  return [`expected a list of arguments, got ${show(args)}`];
}

function storedKey(
  options: EnqueueOptions,
  data: StoredPayload,
  name: string,
  { group = name }: Partial<Handler> = {},
): StoredKey {
  const windowMs = parseDuration(options.idempotencyWindow ?? DEFAULT_WINDOW)!;
  const key = { key: options.idempotencyKey!, windowMs, hash: fingerprintOf(data) };
  return group === name ? key : { ...key, group };
}

function withLimits(
  job: Mutable<PreparedJob>,
  options: EnqueueOptions,
  handler: Handler | undefined,
): PreparedJob {
  const { concurrencyKey, rateLimitKey, unique } = options;
  const isLimited =
    (concurrencyKey ?? rateLimitKey ?? unique) !== undefined ||
    (handler?.concurrency ?? handler?.rateLimit ?? handler?.unique) !== undefined;
  if (isLimited) applyLimits(job, options, handler);
  return job;
}

/**
 * Works out what the job is counted by, so that no other process needs the handler's functions for
 * it.
 */
function applyLimits(
  job: Mutable<PreparedJob>,
  options: EnqueueOptions,
  handler: Handler | undefined,
): void {
  const opts: Mutable<StoredJobOptions> = job.opts;
  const concurrency = limitFor('concurrency', options.concurrencyKey, handler, job);
  if (concurrency !== undefined || options.concurrencyKey !== undefined) {
    const key = options.concurrencyKey ?? concurrency?.key;
    opts.concurrencyKey = keyOf(key, 'concurrency.key', job);
  }
  if (concurrency !== undefined) {
    // Asked for here alone: its faults are the caller's to hear, not those of others in the same
    // insert.
    const limit = limitOf(concurrency, opts.concurrencyKey!);
    opts.concurrencyGroup = concurrency.group;
    // What is due later takes its ticket then.
    if (opts.delay === undefined && !concurrency.isSkipping)
      job.concurrency = { ...concurrency, limit };
  }
  const rate: RateLimit | undefined = limitFor('rateLimit', options.rateLimitKey, handler, job);
  if (rate !== undefined || options.rateLimitKey !== undefined)
    opts.rateLimitKey = keyOf(options.rateLimitKey ?? rate?.key, 'rateLimit.key', job);
  const unique = uniqueness(options.unique, handler?.group ?? job.name) ?? handler?.unique;
  if (unique === undefined) return;
  if (handler !== undefined && job.queue !== handler.queue) {
    const fault =
      `options: "queue" expected "${handler.queue}", the handler's, for a job that is \`unique\`: no one of its key is ` +
      `looked for in others; got "${job.queue}"`;
    throw new InvalidEnqueueOptionsError([fault], job);
  }
  if (job.data.idempotency !== undefined) {
    const fault =
      'options: "idempotencyKey" expected a job that is not `unique`: which is there would be unclear';
    throw new InvalidEnqueueOptionsError([fault], job);
  }
  job.unique = unique;
  const id = `${unique.group}|${keyOf(unique.key, 'unique.key', job)}`;
  opts.deduplication = deduplicationOf(id, unique);
  if (unique.until === 'started') opts.uniqueUntilStarted = true;
}

/** A function gets the arguments as the handler will, and may do with them what it likes. */
function keyOf(key: Uniqueness['key'], option: string, job: PreparedJob): string {
  const args = typeof key === 'function' ? copyOfArguments(job.data) : [];
  return jobKey(key, args, option, job);
}

/** A handler of this process that has no such limit would not count the job by its key. */
function limitFor<L extends 'concurrency' | 'rateLimit'>(
  limit: L,
  key: JobKey | undefined,
  handler: Handler | undefined,
  location: { queue: string; name: string },
): Handler[L] | undefined {
  if (key !== undefined && handler !== undefined && handler[limit] === undefined) {
    const fault = `options: "${limit}Key" expected a handler with @Job({ ${limit} }), got one without`;
    throw new InvalidEnqueueOptionsError([fault], location);
  }
  return handler?.[limit];
}

/** BullMQ's own words for it, which it applies in the very step that adds a job. */
function deduplicationOf(
  id: string,
  unique: Uniqueness,
): NonNullable<JobsOptions['deduplication']> {
  const { until, forMs, onDuplicate } = unique;
  const isNewest = onDuplicate === 'replace' || onDuplicate === 'reschedule';
  return {
    id,
    ...(forMs !== undefined && { ttl: forMs }),
    ...(isNewest && until === 'finished' && { keepLastIfActive: true }),
    ...(onDuplicate === 'reschedule' && {
      reschedule: true,
      ...(forMs !== undefined && { extend: true }),
    }),
  };
}

/** BullMQ keeps unknown fields of a backoff, though its type does not say so. */
function storedBackoff(policy: BackoffOptions): JobsOptions['backoff'] {
  const stored = { type: 'jobs', policy };
  return stored;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
