import { Inject, Injectable } from '@nestjs/common';
import {
  currentJob,
  type RecurringRun,
  type RunOutcome,
  type StoredTick,
} from '../contracts/index.js';
import type { Handler } from '../discovery/index.js';
import { JobTimeoutError, ShutdownError } from '../errors/index.js';
import { HandlerCaller, RunningJobs, toStorableError } from '../execution/index.js';
import { StartContext } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { validateArguments } from '../payload/index.js';
import { ProcessRun } from './process-run.js';

/** How a run ended that did. */
type Ending = Extract<RunOutcome, { status: 'completed' | 'failed' }>;

/**
 * Runs a handler for a tick of this process, as the executor does for a job: in its DI scope, through its
 * enhancers, within its timeout. What it throws is logged and ends there; there is no other attempt.
 * @internal
 */
@Injectable()
export class ProcessRunner {
  constructor(
    private readonly caller: HandlerCaller,
    private readonly running: RunningJobs,
    private readonly logger: JobLogger,
    private readonly start: StartContext,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /** @returns how it ended; never rejects */
  async run(
    handler: Handler,
    tick: StoredTick,
    previous: RecurringRun | undefined,
  ): Promise<RecurringRun> {
    const run = new ProcessRun(handler, tick, previous, this.logger);
    const outcome = await this.execute(run);
    this.tell(run, outcome);
    const { id: jobId } = run;
    const { status: state, durationMs } = outcome;
    const ended = { jobId, due: new Date(tick.due), state, finishedAt: new Date(), durationMs };
    if (outcome.status === 'failed') return { ...ended, error: outcome.error.message };
    return outcome.result === undefined ? ended : { ...ended, result: outcome.result };
  }

  private async execute(run: ProcessRun): Promise<Ending> {
    this.running.add(run);
    try {
      const args = await validateArguments([], run.handler.schemas, run);
      this.startTimeout(run);
      const result = await run.follow(this.start.run(this.callInContext, run, args));
      return { status: 'completed', result, durationMs: run.elapsedMs };
    } catch (thrown) {
      const error = toStorableError(run.abortReason ?? thrown, run);
      return { status: 'failed', error, durationMs: run.elapsedMs };
    } finally {
      run.end();
      this.running.remove(run);
    }
  }

  private startTimeout(run: ProcessRun): void {
    const { timeoutMs } = run.handler;
    if (timeoutMs === undefined) return;
    run.after(timeoutMs, () =>
      run.abortWithin(new JobTimeoutError(timeoutMs, run), this.options.abortTimeoutMs),
    );
  }

  private readonly callInContext = (run: ProcessRun, args: readonly unknown[]): unknown =>
    currentJob.run(run, this.call, run, args);

  private readonly call = (run: ProcessRun, args: readonly unknown[]): unknown =>
    this.logger.runInContext(run, () => {
      this.logger.onStarted(run);
      return this.caller.callOf(run.handler)(run, args);
    });

  private tell(run: ProcessRun, outcome: Ending): void {
    const isInterrupted = outcome.status === 'failed' && run.abortReason instanceof ShutdownError;
    if (isInterrupted) this.logger.warn(messages.interrupted(run), run);
    else this.logger.onSettled(run, outcome);
  }
}
