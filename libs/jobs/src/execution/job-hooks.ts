import { Inject, Injectable } from '@nestjs/common';
import type {
  ClaimDecision,
  JobHook,
  JobInfo,
  RunningJob,
  RunOutcome,
  SentAwayJob,
} from '../contracts/index.js';
import { JobLogger, messages } from '../logging/index.js';

/** DI token of the list of all {@link JobHook}s. @internal */
export const JOB_HOOKS = Symbol('nestjs-jobs:job-hooks');

/**
 * Calls the hooks; what one throws is logged and harms no job.
 * @internal
 */
@Injectable()
export class JobHooks {
  private readonly onClaimed: readonly JobHook[];
  private readonly onReturned: readonly JobHook[];
  private readonly onStarted: readonly JobHook[];
  private readonly onRenewed: readonly JobHook[];
  private readonly onSentAway: readonly JobHook[];
  private readonly onSettled: readonly JobHook[];

  constructor(
    @Inject(JOB_HOOKS) hooks: readonly JobHook[],
    private readonly logger: JobLogger,
  ) {
    this.onClaimed = hooks.filter((hook) => 'onClaimed' in hook);
    this.onReturned = hooks.filter((hook) => 'onReturned' in hook);
    this.onStarted = hooks.filter((hook) => 'onStarted' in hook);
    this.onRenewed = hooks.filter((hook) => 'onRenewed' in hook);
    this.onSentAway = hooks.filter((hook) => 'onSentAway' in hook);
    this.onSettled = hooks.filter((hook) => 'onSettled' in hook);
  }

  /** Asks what to do with a claimed job; a promise only where a hook needs one. */
  claimed(job: RunningJob): Promise<ClaimDecision> | undefined {
    for (const [index, hook] of this.onClaimed.entries()) {
      const answer = hook.onClaimed!(job);
      if (answer !== undefined) return this.claimedAfter(index, answer, job);
    }
    return undefined;
  }

  private async claimedAfter(
    index: number,
    answer: Promise<ClaimDecision>,
    job: RunningJob,
  ): Promise<ClaimDecision> {
    let decision = await answer;
    for (const hook of this.onClaimed.slice(index + 1)) {
      if (decision.action !== 'run') return decision;
      decision = (await hook.onClaimed!(job)) ?? decision;
    }
    return decision;
  }

  /** Tells of a handler that returned; a promise only where a hook needs one. */
  returned(job: RunningJob, result: unknown): Promise<unknown> | undefined {
    let pending: Promise<void>[] | undefined;
    for (const hook of this.onReturned) {
      const answer = hook.onReturned!(job, result);
      if (answer !== undefined) (pending ??= []).push(answer);
    }
    return pending && Promise.all(pending);
  }

  started(job: JobInfo): void {
    for (const hook of this.onStarted) {
      try {
        hook.onStarted!(job);
      } catch (error) {
        this.report(hook, error);
      }
    }
  }

  /** Whether anybody wants to know of renewed locks. */
  get hearsRenewals(): boolean {
    return this.onRenewed.length > 0;
  }

  renewed(jobs: readonly RunningJob[]): void {
    for (const hook of this.onRenewed) {
      try {
        hook.onRenewed!(jobs);
      } catch (error) {
        this.report(hook, error);
      }
    }
  }

  /** Tells of a job that is sent away. @throws what a hook rejects with: then it must not be sent */
  async sentAway(job: SentAwayJob): Promise<void> {
    for (const hook of this.onSentAway) await hook.onSentAway!(job);
  }

  settled(job: JobInfo, outcome: RunOutcome): void {
    for (const hook of this.onSettled) {
      try {
        hook.onSettled!(job, outcome);
      } catch (error) {
        this.report(hook, error);
      }
    }
  }

  private report(hook: JobHook, error: unknown): void {
    this.logger.error(messages.hookFailed(hook.constructor.name, error));
  }
}
