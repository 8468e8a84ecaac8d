import { Inject, Injectable } from '@nestjs/common';
import { HandlerCaller, toStorableError } from '../calling/index.js';
import type { RecurringRun, RunOutcome, StoredTick } from '../contracts/index.js';
import type { Handler } from '../discovery/index.js';
import { ShutdownError } from '../errors/index.js';
import { RunningJobs } from '../execution/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { validateArguments } from '../payload/index.js';
import { ProcessRun } from './process-run.js';

/** How a run ended that did. */
type Ending = Extract<RunOutcome, { status: 'completed' | 'failed' }>;

/**
 * Runs a handler for a tick of this process, as the executor does for a job: in its DI scope,
 * through its enhancers, within its timeout. What it throws is logged and ends there; there is no
 * other attempt.
 * @internal
 */
@Injectable()
export class ProcessRunner {
  constructor(
    private readonly caller: HandlerCaller,
    private readonly running: RunningJobs,
    private readonly logger: JobLogger,
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
      run.limitTo(run.handler.timeoutMs, this.options.abortTimeoutMs);
      const onStarted = () => this.logger.onStarted(run);
      const result = await this.caller.call(run, run.handler, args, { onStarted });
      return { status: 'completed', result, durationMs: run.elapsedMs };
    } catch (thrown) {
      const error = toStorableError(run.abortReason ?? thrown, run);
      return { status: 'failed', error, durationMs: run.elapsedMs };
    } finally {
      run.end();
      this.running.remove(run);
    }
  }

  private tell(run: ProcessRun, outcome: Ending): void {
    const isInterrupted = outcome.status === 'failed' && run.abortReason instanceof ShutdownError;
    if (isInterrupted) this.logger.warn(messages.interrupted(run), run);
    else this.logger.onSettled(run, outcome);
  }
}
