import { Inject, Injectable } from '@nestjs/common';
import { DelayedError, WaitingError, type Job } from 'bullmq';
import { HandlerCaller, toStorableError } from '../calling/index.js';
import type { JobInfo } from '../contracts/index.js';
import { cancelRequests } from '../coordination/index.js';
import { HandlerRegistry, type Handler } from '../discovery/index.js';
import { damageOf } from '../engines/index.js';
import {
  DamagedJobError,
  JobCancelledError,
  LockLostError,
  ShutdownError,
  UndoneWorkError,
} from '../errors/index.js';
import { StartContext } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import {
  deserializeArguments,
  payloadFault,
  toStorableResult,
  validateArguments,
  type StoredPayload,
} from '../payload/index.js';
import { CancellationsService } from './cancellations.service.js';
import { withinCarried } from './carried-context.js';
import { asFailure, asUnrecoverable } from './control-flow.js';
import { JobHooks } from './job-hooks.js';
import type { JobLocks } from './job-locks.js';
import { JobRun, rememberRun } from './job-run.js';
import { RunningJobs } from './running-jobs.js';
import { Suspects } from './suspects.js';
import { UnknownNames } from './unknown-names.js';

/** Of a job's own log the last so many lines are kept. */
const MAX_LOG_LINES = 1_000;

/** A job of which the store cannot tell whether it was cancelled comes again this soon, in ms. */
const STORE_LOST_PAUSE_MS = 1_000;

/**
 * Runs one job: the steps in {@link execute}, from a claimed job to a value or an error that BullMQ
 * can store.
 * @internal
 */
@Injectable()
export class JobExecutor {
  private isClosed = false;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly caller: HandlerCaller,
    private readonly running: RunningJobs,
    private readonly hooks: JobHooks,
    private readonly logger: JobLogger,
    private readonly unknownNames: UnknownNames,
    private readonly suspects: Suspects,
    private readonly cancellations: CancellationsService,
    private readonly start: StartContext,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Starts no handler from now on: what BullMQ claimed while its worker was already closing goes back
   * to its queue.
   */
  refuseFurther(): void {
    this.isClosed = true;
  }

  /**
   * BullMQ's processor.
   * @returns the result to store
   * @throws the error to store, or BullMQ's control flow for a job that was postponed or given back
   */
  execute(job: Job<StoredPayload>, token: string, locks?: JobLocks): Promise<unknown> {
    return this.start.run(this.executeHere, job, token, locks);
  }

  private readonly executeHere = (
    job: Job<StoredPayload>,
    token: string,
    locks?: JobLocks,
  ): Promise<unknown> => {
    if (this.isClosed) return this.giveBackUnstarted(job, token);
    const handler = this.registry.byName(job.name);
    if (handler === undefined) return this.refuseUnknown(job, token);
    if (this.suspects.isSuspect(job)) {
      return this.suspects.runAlone(job, token, () => this.run(job, token, handler, locks));
    }
    return this.run(job, token, handler, locks);
  };

  private async giveBackUnstarted(job: Job, token: string): Promise<never> {
    // If the store is gone, the sweep brings the job back.
    await job.moveToWait(token).catch(() => undefined);
    throw new WaitingError();
  }

  /** Waiting helps a name that may become known, but neither a damaged job nor a cancelled one. */
  private async refuseUnknown(job: Job<StoredPayload>, token: string): Promise<null> {
    const location = { queue: job.queueName, name: job.name, id: job.id! };
    const fault = damageOf(job) ?? payloadFault(job.data);
    if (fault !== undefined) throw asUnrecoverable(new DamagedJobError(location, fault));
    const request = job.data.cancelled ?? (await this.storedRequest(job));
    if (request !== undefined) {
      throw asUnrecoverable(new JobCancelledError(location, request.reason));
    }
    return this.unknownNames.postpone(job, token);
  }

  /** A store that is lost is found out by the postponing that follows. */
  private storedRequest(job: Job): Promise<{ reason?: string } | undefined> {
    return this.cancellations.storedFor(job).catch(() => undefined);
  }

  private async run(
    job: Job<StoredPayload>,
    token: string,
    handler: Handler,
    locks: JobLocks | undefined,
  ): Promise<unknown> {
    const run = this.begin(new JobRun(job, token, handler, locks));
    try {
      this.refuseDamaged(run);
      if (this.mayBeCancelled(run)) await this.refuseCancelled(run);
      const claim = this.hooks.claimed(run);
      if (claim !== undefined) {
        const decision = await claim;
        if (decision.action === 'complete') {
          run.skipped = decision.reason;
          return decision.result;
        }
        if (decision.action === 'postpone') throw new Postponement(decision.delayMs);
      }
      const args = this.readArguments(run);
      const valid = handler.schemas.length === 0 ? args : await this.validated(run, args);
      run.limitTo(this.timeoutOf(run), this.options.abortTimeoutMs);
      const result = await this.call(run, valid);
      await locks?.renewOverdue(run.id);
      this.refuseIfLockLost(run);
      const stored = this.storable(run, result);
      const pending = this.hooks.returned(run, stored);
      if (pending !== undefined) {
        await pending;
        this.refuseIfLockLost(run);
      }
      return stored;
    } catch (thrown) {
      throw await this.failure(run, thrown);
    } finally {
      run.end();
      this.running.remove(run);
    }
  }

  private begin(run: JobRun): JobRun {
    const { job, handler } = run;
    // A job that another service added by hand may leave its options to the handler.
    job.opts.attempts ||= handler.attempts;
    job.opts.backoff ??= { type: 'jobs' };
    job.opts.keepLogs ??= MAX_LOG_LINES;
    rememberRun(job, run);
    this.running.add(run);
    return run;
  }

  private refuseDamaged(run: JobRun): void {
    const fault = damageOf(run.job) ?? payloadFault(run.job.data);
    if (fault === undefined) return;
    run.unrecoverable = true;
    throw new DamagedJobError(run, fault);
  }

  private mayBeCancelled({ job, queue, id }: JobRun): boolean {
    return job.data.cancelled !== undefined || this.cancellations.wasHeardFor(queue, id);
  }

  private async refuseCancelled(run: JobRun): Promise<void> {
    const request =
      run.job.data.cancelled ?? (await this.cancellations.storedFor(run.job).catch(askLater));
    if (request === undefined) return;
    run.unrecoverable = true;
    run.abort(cancelRequests.toError(request, run));
    throw run.abortReason!;
  }

  private readArguments(run: JobRun): readonly unknown[] {
    try {
      return deserializeArguments(run.job.data);
    } catch (error) {
      run.unrecoverable = true;
      throw new DamagedJobError(run, error instanceof Error ? error.message : String(error));
    }
  }

  private async validated(run: JobRun, args: readonly unknown[]): Promise<readonly unknown[]> {
    try {
      return await validateArguments(args, run.handler.schemas, run);
    } catch (error) {
      // The stored arguments will not get better by waiting.
      run.unrecoverable = true;
      throw error;
    }
  }

  private timeoutOf({ job, handler }: JobRun): number | undefined {
    return (job.opts as { timeoutMs?: number }).timeoutMs ?? handler.timeoutMs;
  }

  private call(run: JobRun, args: readonly unknown[]): Promise<unknown> {
    const { onStarted } = this;
    const carrier = this.options.context;
    const stored = run.context;
    if (stored === undefined || carrier === undefined)
      return this.caller.call(run, run.handler, args, { onStarted });
    const carried = (call: () => unknown) => withinCarried(carrier, stored, call);
    return this.caller.call(run, run.handler, args, { onStarted, carried });
  }

  private readonly onStarted = (run: JobInfo): void => this.hooks.started(run);

  /** What a run returns after its lock was lost is not stored: another run may have stored its own. */
  private refuseIfLockLost(run: JobRun): void {
    if (run.abortReason instanceof LockLostError) throw run.abortReason;
  }

  private storable(run: JobRun, result: unknown): unknown {
    if (result === undefined) return null;
    const { value, loss } = toStorableResult(result, this.options.maxPayloadBytes);
    if (loss !== undefined) this.logger.warn(messages.resultNotKept(run, loss), run);
    return value;
  }

  private async failure(run: JobRun, thrown: unknown): Promise<Error> {
    await run.locks?.renewOverdue(run.id);
    const reason = run.abortReason;
    if (reason instanceof ShutdownError) return this.giveBack(run, reason);
    if (reason instanceof LockLostError) {
      this.logger.warn(messages.lockLost(run, reason.blockedMs), run);
      // BullMQ's word for "settle nothing": the job is no longer ours.
      return new WaitingError();
    }
    if (thrown instanceof Postponement) return this.postpone(run, thrown.delayMs);
    // A handler that obeys its signal throws an AbortError; the reason of the abort says more.
    run.thrown = reason ?? thrown;
    // The next attempt would return the same.
    if (thrown instanceof UndoneWorkError) run.unrecoverable = true;
    const error = asFailure(toStorableError(run.thrown, run));
    return run.unrecoverable ? asUnrecoverable(error) : error;
  }

  private async postpone(run: JobRun, delayMs: number): Promise<Error> {
    try {
      await run.job.moveToDelayed(Date.now() + delayMs, run.token);
      this.hooks.settled(run, { status: 'postponed', delayMs });
      return new DelayedError();
    } catch {
      // As below: the sweep brings the job back.
      return new WaitingError();
    }
  }

  private async giveBack(run: JobRun, reason: ShutdownError): Promise<Error> {
    try {
      await run.job.moveToWait(run.token);
      this.hooks.settled(run, { status: 'given-back', reason: reason.message });
    } catch {
      // The lock is lost or the store is: the sweep brings the job back, which burns no attempt either.
    }
    return new WaitingError();
  }
}

/** Whether it was cancelled is not known: that the store is lost burns no attempt. */
function askLater(): never {
  throw new Postponement(STORE_LOST_PAUSE_MS);
}

/** The job is to come again later. */
class Postponement extends Error {
  constructor(readonly delayMs: number) {
    super(`postponed by ${delayMs} ms`);
  }
}
