import {
  Worker,
  type IQueueBackend,
  type Job,
  type Processor,
  type SpanKind,
  type WorkerOptions,
} from 'bullmq';
import type { Engine } from '../contracts/index.js';
import type { KeptJobs } from '../discovery/index.js';
import { SafeJob } from '../engines/index.js';
import type { ResolvedOptions, ResolvedQueueOptions } from '../options/index.js';
import type { ClaimYield } from './claim-yield.js';
import type { Repair } from './repair.js';
import { TrimPace } from './trim-pace.js';

/** After a connection error, a worker tries again this soon. */
const RECONNECT_PAUSE_MS = 1_000;

/** What BullMQ calls its check for stalled jobs. */
const STALLED_CHECK = 'moveStalledJobsToWait';

/** Works out the pause after a failed attempt; -1 = fail for good. @internal */
export type BackoffStrategy = (attemptsMade: number, error: Error, job: Job) => number;

/**
 * BullMQ's worker, reading jobs through {@link SafeJob}: a damaged row becomes a job that fails alone
 * instead of an error that leaves the row active for ever.
 * @internal
 */
export class JobsWorker extends Worker<unknown, unknown, string, IQueueBackend> {
  /** What the checks for stalled jobs are told to. */
  stalledChecks: Repair | undefined;
  private readonly trimming = new TrimPace(this.opts.removeOnComplete);

  override get Job(): typeof Job {
    return SafeJob;
  }

  /** Each step of a job passes here. Nobody listens, so nothing is wrapped, but for checks that may fail for ever. */
  override trace<T>(
    _kind: SpanKind,
    operation: string,
    _destination: string,
    step: () => Promise<T> | T,
  ): Promise<T> {
    if (operation !== STALLED_CHECK || this.stalledChecks === undefined)
      return step() as Promise<T>;
    return this.stalledChecks.round(async () => step()) as Promise<T>;
  }

  protected override handleCompleted(
    ...[result, job, ...rest]: Parameters<Worker['handleCompleted']>
  ): ReturnType<Worker['handleCompleted']> {
    // A job's own retention goes before its queue's.
    job.opts.removeOnComplete ??= this.trimming.next();
    return super.handleCompleted(result, job, ...rest);
  }
}

/** Makes the worker of a queue; it does not run yet. @internal */
export function createWorker(
  queue: string,
  processor: Processor,
  backoff: BackoffStrategy,
  retention: KeptJobs,
  engine: Engine,
  options: ResolvedOptions,
  yielding: ClaimYield,
): JobsWorker {
  const { concurrency, rateLimit }: ResolvedQueueOptions = options.queues.get(queue) ?? {
    concurrency: options.concurrency,
    rateLimit: undefined,
  };
  const workerOptions: WorkerOptions = {
    ...engine.bullmqOptions,
    autorun: false,
    concurrency,
    lockDuration: options.lockDurationMs,
    stalledInterval: options.sweepIntervalMs,
    maxStalledCount: options.maxStalls,
    runRetryDelay: RECONNECT_PAUSE_MS,
    // Of jobs that bring none of their own. A producer may not know all handlers of a queue; a worker does.
    ...(retention.removeOnComplete && { removeOnComplete: retention.removeOnComplete }),
    ...(retention.removeOnFail && { removeOnFail: retention.removeOnFail }),
    settings: {
      backoffStrategy: (attemptsMade, _type, error, job) =>
        backoff(attemptsMade, error!, job as Job),
    },
    ...(rateLimit && { limiter: { max: rateLimit.max, duration: rateLimit.perMs } }),
  };
  const backendFactory = yielding.in(queue, engine.backendFactory);
  return new JobsWorker(queue, processor, workerOptions, backendFactory);
}
