import {
  ConnectionClosedError,
  ErrorCode,
  Worker,
  type IQueueBackend,
  type Job,
  type Processor,
  type SpanKind,
  type WorkerOptions,
} from 'bullmq';
import type { Engine, HeldJob, SafeBackend } from '../contracts/index.js';
import type { KeptJobs } from '../discovery/index.js';
import { isFenced, isUnfit, SafeJob } from '../engines/index.js';
import { EndNotStoredError, LockLostError } from '../errors/index.js';
import { endsWithin } from '../lifecycle/index.js';
import type { ResolvedOptions, ResolvedQueueOptions } from '../options/index.js';
import { pause } from '../timers/index.js';
import type { ClaimYield } from './claim-yield.js';
import { CONTROL_FLOW } from './control-flow.js';
import { JobLocks } from './job-locks.js';
import type { Repair } from './repair.js';
import { TrimPace } from './trim-pace.js';

/** After a connection error, a worker tries again this soon. */
const RECONNECT_PAUSE_MS = 1_000;

/** What BullMQ calls its check for stalled jobs. */
const STALLED_CHECK = 'moveStalledJobsToWait';

/** How long such a check waits for the answers to claims. */
const CLAIM_PATIENCE_MS = 1_000;

/** How often the end of a run is stored again after its lock was taken back. */
const MOST_TAKE_BACKS = 10;

/** The end of a run that the store did not take is stored again after pauses that grow from the one to the other. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** Works out the pause after a failed attempt; -1 = fail for good. @internal */
export type BackoffStrategy = (attemptsMade: number, error: Error, job: Job) => number;

/**
 * BullMQ's worker, with some of its traps closed.
 *
 * It reads jobs through {@link SafeJob}: a damaged row becomes a job that fails alone instead of an error that leaves
 * the row active for ever.
 *
 * What its store answers to the end of a run never becomes that end: it is stored again until it is there, or until
 * the store says that somebody else has the job.
 *
 * It does not take what it runs itself for abandoned, however long its event loop was blocked: see {@link JobLocks}.
 * @internal
 */
export class JobsWorker extends Worker<unknown, unknown, string, IQueueBackend> {
  /** What the checks for stalled jobs are told to. */
  stalledChecks: Repair | undefined;
  declare protected lockManager: JobLocks;
  private readonly claims = new Set<Promise<unknown>>();
  private kept: KeptJobs = KEEP_ALL;
  private trimming = new TrimPace(undefined);
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
    if (operation !== STALLED_CHECK) return step() as Promise<T>;
    const check = async (): Promise<T> => {
      await this.claimsAnswered();
      await this.locks.renewDue();
      return step();
    };
    return this.stalledChecks === undefined
      ? check()
      : (this.stalledChecks.round(check) as Promise<T>);
  }

  /** The locks of the jobs that run. */
  get locks(): JobLocks {
    return this.lockManager;
  }

  protected override createLockManager(): void {
    const { lockDuration, lockRenewTime, name: workerName } = this.opts;
    this.lockManager = new JobLocks(this, {
      lockDuration: lockDuration!,
      lockRenewTime: lockRenewTime!,
      workerId: this.id,
      ...(workerName !== undefined && { workerName }),
    });
  }

  renewLocks(jobs: readonly HeldJob[], durationMs: number): Promise<string[]> {
    return (this.backend as SafeBackend).renewLocks(jobs, durationMs);
  }

  override async processJob(
    ...[job, token, ...rest]: Parameters<Worker['processJob']>
  ): ReturnType<Worker['processJob']> {
    this.locks.hold(job, token);
    try {
      return await super.processJob(job, token, ...rest);
    } finally {
      this.locks.release(job.id!);
    }
  }

  protected override moveToActive(
    ...args: Parameters<Worker['moveToActive']>
  ): ReturnType<Worker['moveToActive']> {
    return this.claiming(super.moveToActive(...args));
  }

  protected override async nextJobFromJobData(
    ...[data, id, token]: Parameters<Worker['nextJobFromJobData']>
  ): ReturnType<Worker['nextJobFromJobData']> {
    const job = await super.nextJobFromJobData(data, id, token);
    if (job !== undefined) this.locks.hold(job, token!);
    return job;
  }

  /** Claims of which the answer is not here yet are of jobs that this process runs without knowing it. */
  private async claimsAnswered(): Promise<void> {
    await endsWithin(CLAIM_PATIENCE_MS, Promise.allSettled(this.claims));
  }

  private claiming<T>(claim: Promise<T>): Promise<T> {
    const end = (): void => void this.claims.delete(claim);
    this.claims.add(claim);
    claim.then(end, end);
    return claim;
  }

  /** Has each job that ends without a retention of its own remove what the queue keeps no longer. */
  keepOnly(kept: KeptJobs): void {
    this.kept = kept;
    this.trimming = new TrimPace(kept.removeOnComplete || undefined);
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
    return this.claiming(store().catch((error: unknown) => this.storeAgain(error, job, store)));
  }

  protected override handleFailed(
    ...[error, job, token, ...rest]: Parameters<Worker['handleFailed']>
  ): ReturnType<Worker['handleFailed']> {
    job.opts.removeOnFail ??= this.kept.removeOnFail;
    const store = () => super.handleFailed(error, job, token, ...rest);
    // Then nothing is left to store: another job is claimed, which BullMQ does again by itself.
    if (CONTROL_FLOW.has(error.name)) return store();
    return this.claiming(store().catch((refusal: unknown) => this.storeAgain(refusal, job, store)));
  }

  /** Takes the lock of a run back that is over, unless another process has taken the job. @returns whether it is ours */
  private async takeBack(error: unknown, job: Job): Promise<boolean> {
    const isLockLost = LOCK_LOST.has((error as { code?: unknown }).code);
    return isLockLost && (await this.locks.renewNow(job.id!).catch(() => false));
  }

  private async storeAgain(
    refusal: unknown,
    job: Job,
    store: () => Promise<Job>,
  ): ReturnType<Worker['handleCompleted']> {
    const location = { queue: this.name, name: job.name, id: job.id! };
    let takeBacks = 0;
    for (
      let error = refusal, wait = FIRST_PAUSE_MS;
      ;
      wait = Math.min(2 * wait, LONGEST_PAUSE_MS)
    ) {
      if (isUnfit(error)) throw error;
      if (isFenced(error)) {
        // A lock that ran out on the way, since the event loop was blocked, is taken back.
        const isOurs = (takeBacks += 1) <= MOST_TAKE_BACKS && (await this.takeBack(error, job));
        if (!isOurs) {
          this.emit('error', new LockLostError(location, this.locks.blockedMs(job.id!)));
          return NO_JOB;
        }
      } else {
        // The first one tells. The lock is renewed meanwhile, as while the job ran.
        if (wait === FIRST_PAUSE_MS)
          this.emit('error', new EndNotStoredError(location, causeOf(error)));
        await pause(wait, this.ending);
      }
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

/** Until a worker is told what its queue keeps. */
const KEEP_ALL: KeptJobs = { removeOnComplete: false, removeOnFail: false };

/** What a store answers to the end of a run whose lock has run out. */
const LOCK_LOST = new Set<unknown>([ErrorCode.JobLockNotExist, ErrorCode.JobLockMismatch]);

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
    settings: {
      backoffStrategy: (attemptsMade, _type, error, job) =>
        backoff(attemptsMade, error!, job as Job),
    },
    ...(rateLimit && { limiter: { max: rateLimit.max, duration: rateLimit.perMs } }),
  };
  const backendFactory = yielding.in(queue, engine.backendFactory);
  return new JobsWorker(queue, processor, workerOptions, backendFactory);
}
