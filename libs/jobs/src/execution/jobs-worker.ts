import { Worker, type IQueueBackend, type Job, type SpanKind } from 'bullmq';
import type { HeldJob, SafeBackend } from '../contracts/index.js';
import type { KeptJobs } from '../discovery/index.js';
import { SafeJob } from '../engines/index.js';
import { CONTROL_FLOW } from './control-flow.js';
import { JobLocks } from './job-locks.js';
import { OpenClaims } from './open-claims.js';
import type { Repair } from './repair.js';
import { TrimPace } from './trim-pace.js';
import { UnstoredEnds } from './unstored-ends.js';

/** What BullMQ calls its check for stalled jobs. */
const STALLED_CHECK = 'moveStalledJobsToWait';

/** Until a worker is told what its queue keeps. */
const KEEP_ALL: KeptJobs = { removeOnComplete: false, removeOnFail: false };

/**
 * BullMQ's worker, with some of its traps closed.
 *
 * It reads jobs through {@link SafeJob}: a damaged row becomes a job that fails alone instead of an
 * error that leaves the row active for ever.
 *
 * What its store answers to the end of a run never becomes that end: see {@link UnstoredEnds}.
 *
 * It does not take what it runs itself for abandoned, however long its event loop was blocked: see
 * {@link JobLocks}.
 * @internal
 */
export class JobsWorker extends Worker<unknown, unknown, string, IQueueBackend> {
  /** What the checks for stalled jobs are told to. */
  stalledChecks: Repair | undefined;
  declare protected lockManager: JobLocks;
  private readonly claims = new OpenClaims();
  private readonly ends = new UnstoredEnds(this);
  private kept: KeptJobs = KEEP_ALL;
  private trimming = new TrimPace(undefined);

  override get Job(): typeof Job {
    return SafeJob;
  }

  /**
   * Each step of a job passes here. Nobody listens, so nothing is wrapped, but for checks that may
   * fail for ever.
   */
  override trace<T>(
    _kind: SpanKind,
    operation: string,
    _destination: string,
    step: () => Promise<T> | T,
  ): Promise<T> {
    if (operation !== STALLED_CHECK) return step() as Promise<T>;
    const check = async (): Promise<T> => {
      await this.claims.answered();
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
    return this.claims.follow(super.moveToActive(...args));
  }

  protected override async nextJobFromJobData(
    ...[data, id, token]: Parameters<Worker['nextJobFromJobData']>
  ): ReturnType<Worker['nextJobFromJobData']> {
    const job = await super.nextJobFromJobData(data, id, token);
    if (job !== undefined) this.locks.hold(job, token!);
    return job;
  }

  /**
   * Has each job that ends without a retention of its own remove what the queue keeps no longer.
   */
  keepOnly(kept: KeptJobs): void {
    this.kept = kept;
    this.trimming = new TrimPace(kept.removeOnComplete || undefined);
  }

  /** Ends at once, whatever is still to be stored. */
  override disconnect(): Promise<void> {
    this.ends.giveUp();
    return super.disconnect();
  }

  protected override handleCompleted(
    ...[result, job, token, ...rest]: Parameters<Worker['handleCompleted']>
  ): ReturnType<Worker['handleCompleted']> {
    // A job's own retention goes before its queue's.
    job.opts.removeOnComplete ??= this.trimming.next();
    const store = () => super.handleCompleted(result, job, token, ...rest);
    return this.claims.follow(
      store().catch((error: unknown) => this.ends.storeAgain(error, job, store)),
    );
  }

  protected override handleFailed(
    ...[error, job, token, ...rest]: Parameters<Worker['handleFailed']>
  ): ReturnType<Worker['handleFailed']> {
    job.opts.removeOnFail ??= this.kept.removeOnFail;
    const store = () => super.handleFailed(error, job, token, ...rest);
    // Then nothing is left to store: another job is claimed, which BullMQ does again by itself.
    if (CONTROL_FLOW.has(error.name)) return store();
    return this.claims.follow(
      store().catch((refusal: unknown) => this.ends.storeAgain(refusal, job, store)),
    );
  }
}
