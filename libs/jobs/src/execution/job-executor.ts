import { Inject, Injectable } from '@nestjs/common';
import { WaitingError, type Job } from 'bullmq';
import { HandlerCaller } from '../calling/index.js';
import type { JobInfo } from '../contracts/index.js';
import { isOfNewerForm } from '../coordination/index.js';
import { HandlerRegistry, type Handler } from '../discovery/index.js';
import { LockLostError } from '../errors/index.js';
import { StartContext } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { toStorableResult, type StoredPayload } from '../payload/index.js';
import { withinCarried } from './carried-context.js';
import { argumentsOf } from './job-arguments.js';
import { JobHooks } from './job-hooks.js';
import type { JobLocks } from './job-locks.js';
import { JobRun, rememberRun } from './job-run.js';
import { RefusedJobs } from './refused-jobs.js';
import { Postponement, RunFailures } from './run-failures.js';
import { RunningJobs } from './running-jobs.js';
import { Suspects } from './suspects.js';

/** Of a job's own log the last so many lines are kept. */
const MAX_LOG_LINES = 1_000;

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
    private readonly refused: RefusedJobs,
    private readonly suspects: Suspects,
    private readonly failures: RunFailures,
    private readonly logger: JobLogger,
    private readonly start: StartContext,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Starts no handler from now on: what BullMQ claimed while its worker was already closing goes
   * back to its queue.
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
    if (isOfNewerForm(job.data)) return this.refused.leave(job, token);
    const handler = this.registry.byName(job.name);
    if (handler === undefined) return this.refused.refuseUnknown(job, token);
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

  private async run(
    job: Job<StoredPayload>,
    token: string,
    handler: Handler,
    locks: JobLocks | undefined,
  ): Promise<unknown> {
    const run = this.begin(new JobRun(job, token, handler, locks));
    try {
      const check = this.refused.check(run);
      if (check !== undefined) await check;
      const claim = this.hooks.claimed(run);
      if (claim !== undefined) {
        const decision = await claim;
        if (decision.action === 'complete') {
          run.skipped = decision.reason;
          return decision.result;
        }
        if (decision.action === 'postpone') throw new Postponement(decision.delayMs);
        if (decision.action === 'refuse') {
          run.unrecoverable = true;
          if (decision.isRemoved) job.opts.removeOnFail = true;
          throw decision.error;
        }
      }
      const args = await argumentsOf(run);
      // While the hooks were asked it may have been cancelled, or its process told to stop.
      if (run.abortReason !== undefined) throw run.abortReason;
      run.limitTo(this.timeoutOf(run), this.options.abortTimeoutMs);
      const result = await this.call(run, args);
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
      throw await this.failures.settle(run, thrown);
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

  /**
   * What a run returns after its lock was lost is not stored: another run may have stored its own.
   */
  private refuseIfLockLost(run: JobRun): void {
    if (run.abortReason instanceof LockLostError) throw run.abortReason;
  }

  private storable(run: JobRun, result: unknown): unknown {
    if (result === undefined) return null;
    const { value, loss } = toStorableResult(result, this.options.maxPayloadBytes);
    if (loss !== undefined) this.logger.warn(messages.resultNotKept(run, loss), run);
    return value;
  }
}
