import { randomUUID } from 'node:crypto';
import type { JobsOptions } from 'bullmq';
import { Inject, Injectable } from '@nestjs/common';
import type { StoredKey } from '../contracts/index.js';
import type { Handler } from '../discovery/index.js';
import { InvalidEnqueueOptionsError, PayloadTooLargeError } from '../errors/index.js';
import {
  JOBS_OPTIONS,
  parseDuration,
  rules,
  show,
  type BackoffOptions,
  type ResolvedOptions,
} from '../options/index.js';
import {
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
 * Makes a {@link PreparedJob} of a handler, arguments and options. All that can be wrong with one job
 * is found here, so that it cannot spoil a batch.
 * @internal
 */
@Injectable()
export class JobPreparer {
  constructor(@Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions) {}

  /**
   * @param delayMs 0 = at once
   * @returns at once, or a promise where the handler has a schema, which may be asynchronous
   */
  prepare(
    handler: Handler,
    args: readonly unknown[],
    options: EnqueueOptions,
    delayMs: number,
  ): PreparedJob | Promise<PreparedJob> {
    const queue = options.queue ?? handler.queue;
    if (handler.schemas.length === 0)
      return this.build(handler.name, queue, args, options, delayMs, handler);
    // Only checked here; what the schema makes of the arguments counts at execution.
    return validateArguments(args, handler.schemas, { queue, name: handler.name }).then(() =>
      this.build(handler.name, queue, args, options, delayMs, handler),
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
      Array.isArray(args) ? [] : [`expected a list of arguments, got ${show(args)}`],
    ].flat();
    if (faults.length > 0) throw new InvalidEnqueueOptionsError(faults, location);
    return this.build(name, queue, args, options, delayMs, undefined);
  }

  private build(
    name: string,
    queue: string,
    args: readonly unknown[],
    options: EnqueueOptions,
    delayMs: number,
    handler: Handler | undefined,
  ): PreparedJob {
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
    if (options.idempotencyKey !== undefined) data.idempotency = storedKey(options, data);
    return {
      queue,
      name,
      id,
      data,
      opts: this.storedOptions(id, options, delayMs, handler),
    };
  }

  private storedOptions(
    id: string,
    options: EnqueueOptions,
    delayMs: number,
    handler: Handler | undefined,
  ): StoredJobOptions {
    const stored: Mutable<StoredJobOptions> = {
      jobId: id,
      attempts: options.attempts ?? handler?.attempts ?? this.options.attempts,
    };
    // Pauses and retention are worked out where the job runs; only an override of this call is stored.
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

function storedKey(options: EnqueueOptions, data: StoredPayload): StoredKey {
  const windowMs = parseDuration(options.idempotencyWindow ?? DEFAULT_WINDOW)!;
  return { key: options.idempotencyKey!, windowMs, hash: fingerprintOf(data) };
}

/** BullMQ keeps unknown fields of a backoff, though its type does not say so. */
function storedBackoff(policy: BackoffOptions): JobsOptions['backoff'] {
  const stored = { type: 'jobs', policy };
  return stored;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
