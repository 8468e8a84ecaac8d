import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import type { JobInfo } from '../contracts/index.js';
import { StartContext } from '../lifecycle/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, show, type BackoffOptions, type ResolvedOptions } from '../options/index.js';
import type { StoredPayload } from '../payload/index.js';
import { JobHooks } from './job-hooks.js';
import { runOf, type JobRun } from './job-run.js';
import { pauseBeforeRetry } from './retry-policy.js';

/**
 * The second half of a run, when its handler is done: whether the job gets another attempt, which
 * is asked before the end is stored, and what the hooks are told once it is.
 * @internal
 */
@Injectable()
export class RunSettlement {
  /** The jobs whose retry policy has thrown: told of once. */
  private readonly faulty = new Set<string>();

  constructor(
    private readonly hooks: JobHooks,
    private readonly logger: JobLogger,
    private readonly context: StartContext,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /** The pause before the next attempt, in ms; -1 for none. */
  pauseAfter(attempt: number, error: Error, job: Job): number {
    const run = runOf(job);
    if (run === undefined) return 0;
    // What was decided stays, when it is stored again because the store did not take it.
    return (run.retryInMs ??= this.context.run(() => this.decidePause(run, attempt, error, job)));
  }

  completed(job: Job, result: unknown): void {
    const run = runOf(job);
    if (run === undefined) return;
    const { elapsedMs: durationMs, skipped } = run;
    this.hooks.settled(run, { status: 'completed', result, durationMs, skipped });
  }

  failed(job: Job, error: Error): void {
    const run = runOf(job);
    const durationMs = run?.elapsedMs ?? 0;
    const info = run ?? infoOf(job);
    // BullMQ gives a job its end only when no attempt is left.
    if (job.finishedOn !== undefined)
      this.hooks.settled(info, { status: 'failed', error, durationMs });
    else {
      const retryInMs = run?.retryInMs ?? job.delay ?? 0;
      this.hooks.settled(info, { status: 'retrying', error, durationMs, retryInMs });
    }
  }

  private decidePause(run: JobRun, attempt: number, error: Error, job: Job): number {
    const cause = run.thrown instanceof Error ? run.thrown : error;
    const policy =
      (job.opts.backoff as { policy?: BackoffOptions } | undefined)?.policy ?? run.handler.backoff;
    try {
      const isWorthIt: unknown = run.handler.retryIf?.(cause, attempt);
      if (isWorthIt === false) return -1;
      if (typeof isWorthIt === 'object' && isWorthIt !== null)
        throw new TypeError(`expected "retryIf" to return true or false, got ${show(isWorthIt)}`);
      return pauseBeforeRetry(policy, attempt, cause) ?? -1;
    } catch (fault) {
      // A retry policy that throws must not leave the job unsettled.
      if (!this.faulty.has(run.name))
        this.logger.error(messages.hookFailed(`retry policy of ${run.name}`, fault));
      this.faulty.add(run.name);
      return pauseBeforeRetry(this.options.backoff, attempt, cause) ?? -1;
    }
  }
}

/** For jobs without a run here: those that crashed their workers. @internal */
export function infoOf(job: Job): JobInfo {
  return {
    id: job.id!,
    name: job.name,
    queue: job.queueName,
    attempt: job.attemptsMade + 1,
    attempts: job.opts.attempts ?? 1,
    tick: (job.data as StoredPayload | undefined)?.tick,
  };
}
