import {
  ConnectionClosedError,
  Worker,
  type IQueueBackend,
  type Job,
  type Processor,
  type SpanKind,
  type WorkerOptions,
} from 'bullmq';
import type { Engine } from '../contracts/index.js';
import type { KeptJobs } from '../discovery/index.js';
import { isFenced, isUnfit, SafeJob } from '../engines/index.js';
import { EndNotStoredError, LockLostError } from '../errors/index.js';
import type { ResolvedOptions, ResolvedQueueOptions } from '../options/index.js';
import { pause } from '../timers/index.js';
import type { ClaimYield } from './claim-yield.js';
import type { Repair } from './repair.js';
import { TrimPace } from './trim-pace.js';

/** After a connection error, a worker tries again this soon. */
const RECONNECT_PAUSE_MS = 1_000;

/** What BullMQ calls its check for stalled jobs. */
const STALLED_CHECK = 'moveStalledJobsToWait';
/** The end of a run that the store did not take is stored again after pauses that grow from the one to the other. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** Names of the errors by which a processor says that it has moved its job itself. */
const MOVED = new Set(['DelayedError', 'WaitingError', 'WaitingChildrenError']);

/** Works out the pause after a failed attempt; -1 = fail for good. @internal */
export type BackoffStrategy = (attemptsMade: number, error: Error, job: Job) => number;

/**
 * BullMQ's worker, with two of its traps closed.
 *
 * It reads jobs through {@link SafeJob}: a damaged row becomes a job that fails alone instead of an error that leaves
 * the row active for ever.
 *
 * What its store answers to the end of a run never becomes that end: it is stored again until it is there, or until
 * the store says that somebody else has the job.
 * @internal
 */
export class JobsWorker extends Worker<unknown, unknown, string, IQueueBackend> {
  /** What the checks for stalled jobs are told to. */
  stalledChecks: Repair | undefined;
  private readonly trimming = new TrimPace(this.opts.removeOnComplete);
  private readonly ending = new AbortController();

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

  /** Ends at once, whatever is still to be stored. */
  override disconnect(): Promise<void> {
    this.ending.abort();
    return super.disconnect();
  }

  protected override handleCompleted(
    ...[result, job, token, ...rest]: Parameters<Worker['handleCompleted']>
  ): ReturnType<Worker['handleCompleted']> {
    // A job's own retention goes before its queue's.
    job.opts.removeOnComplete ??= this.trimming.next();
    const store = () => super.handleCompleted(result, job, token, ...rest);
    return store().catch((error: unknown) => this.storeAgain(error, job, token, store));
  }

  protected override handleFailed(
    ...[error, job, token, ...rest]: Parameters<Worker['handleFailed']>
  ): ReturnType<Worker['handleFailed']> {
    const store = () => super.handleFailed(error, job, token, ...rest);
    // Then nothing is left to store: another job is claimed, which BullMQ does again by itself.
    if (MOVED.has(error.name)) return store();
    return store().catch((refusal: unknown) => this.storeAgain(refusal, job, token, store));
  }

  private async storeAgain(
    refusal: unknown,
    job: Job,
    token: string,
    store: () => Promise<Job>,
  ): ReturnType<Worker['handleCompleted']> {
    const location = { queue: this.name, name: job.name, id: job.id! };
    for (
      let error = refusal, wait = FIRST_PAUSE_MS;
      ;
      wait = Math.min(2 * wait, LONGEST_PAUSE_MS)
    ) {
      if (isUnfit(error)) throw error;
      if (isFenced(error)) {
        this.emit('error', new LockLostError(location));
        return NO_JOB;
      }
      // The first one tells. From now on the lock is renewed again, as while the job ran.
      if (wait === FIRST_PAUSE_MS) {
        this.emit('error', new EndNotStoredError(location, causeOf(error)));
        this.lockManager.trackJob(job.id!, token, Date.now());
      }
      await pause(wait, this.ending);
      // Nothing was recorded, so the job comes again once its lock is over.
      if (this.ending.signal.aborted) return NO_JOB;
      try {
        return await store();
      } catch (next) {
        error = next;
      }
    }
  }
}

/** What BullMQ calls a job that was not claimed with the end of another. */
const NO_JOB = undefined as unknown as Job;

/** What the store said, before it was brought into a form that BullMQ knows. */
function causeOf(error: unknown): unknown {
  return error instanceof ConnectionClosedError && error.cause !== undefined ? error.cause : error;
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
