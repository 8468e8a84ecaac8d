import { Inject, Injectable } from '@nestjs/common';
import type {
  ClaimDecision,
  JobHook,
  JobInfo,
  RunningJob,
  RunOutcome,
  SentAwayJob,
  UnknownWork,
} from '../contracts/index.js';
import { JobsError, NewerRecordError, StoreUnavailableError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { pause } from '../timers/index.js';
import { StoreOutage } from './store-outage.js';

/** DI token of the list of all {@link JobHook}s. @internal */
export const JOB_HOOKS = Symbol('nestjs-jobs:job-hooks');

/** After the store failed a hook at a claim, the job comes again this soon, in ms. */
const CLAIM_PAUSE_MS = 1_000;

/**
 * What is to be stored before a job completes is stored again after pauses that grow from the one
 * to the other.
 */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Calls the hooks; what one throws is logged and harms no job. That the store fails one says
 * nothing about the job: the claim is postponed, which burns no attempt, and what a finished job
 * needs is stored again.
 * @internal
 */
@Injectable()
export class JobHooks {
  private readonly onClaimed: readonly JobHook[];
  private readonly onReturned: readonly JobHook[];
  private readonly onStarted: readonly JobHook[];
  private readonly onRenewed: readonly JobHook[];
  private readonly onSentAway: readonly JobHook[];
  private readonly whyUnwanted: readonly JobHook[];
  private readonly onSettled: readonly JobHook[];

  constructor(
    @Inject(JOB_HOOKS) hooks: readonly JobHook[],
    private readonly logger: JobLogger,
    private readonly outage: StoreOutage,
  ) {
    this.onClaimed = hooks.filter((hook) => 'onClaimed' in hook);
    this.onReturned = hooks.filter((hook) => 'onReturned' in hook);
    this.onStarted = hooks.filter((hook) => 'onStarted' in hook);
    this.onRenewed = hooks.filter((hook) => 'onRenewed' in hook);
    this.onSentAway = hooks.filter((hook) => 'onSentAway' in hook);
    this.whyUnwanted = hooks.filter((hook) => 'whyUnwanted' in hook);
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
    let asked = this.onClaimed[index]!;
    try {
      let decision = await answer;
      for (asked of this.onClaimed.slice(index + 1)) {
        if (decision.action !== 'run') return decision;
        decision = (await asked.onClaimed!(job)) ?? decision;
      }
      return decision;
    } catch (error) {
      if (isAboutJob(error)) throw error;
      if (!this.outage.noticedIn(error)) this.report(asked, error);
      return { action: 'postpone', delayMs: CLAIM_PAUSE_MS };
    }
  }

  /**
   * Tells of a handler that returned; a promise, which never rejects, only where a hook needs one.
   */
  returned(job: RunningJob, result: unknown): Promise<unknown> | undefined {
    let pending: Promise<void>[] | undefined;
    for (const hook of this.onReturned) {
      const answer = hook.onReturned!(job, result);
      if (answer !== undefined) (pending ??= []).push(this.recorded(hook, answer, job, result));
    }
    return pending && Promise.all(pending);
  }

  /** Waits until a hook has stored what it needs, or until the run is aborted. */
  private async recorded(
    hook: JobHook,
    first: Promise<void>,
    job: RunningJob,
    result: unknown,
  ): Promise<void> {
    let answer: Promise<void> | undefined = first;
    for (let wait = FIRST_PAUSE_MS; ; wait = Math.min(2 * wait, LONGEST_PAUSE_MS)) {
      try {
        return await answer;
      } catch (error) {
        if (!this.outage.noticedIn(error) && wait === FIRST_PAUSE_MS) this.report(hook, error);
        // It is never going to know it.
        if (error instanceof NewerRecordError) return;
      }
      await pause(wait, { signal: job.signal });
      if (job.signal.aborted) return;
      answer = hook.onReturned!(job, result);
    }
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

  /**
   * Tells of a job that is sent away. @throws what a hook rejects with: then it must not be sent
   */
  async sentAway(job: SentAwayJob): Promise<void> {
    for (const hook of this.onSentAway) await hook.onSentAway!(job);
  }

  /**
   * Why nobody wants a job whose handler no server has. @throws what a hook rejects with: then it
   * is not known
   */
  async unwanted(job: UnknownWork): Promise<string | undefined> {
    for (const hook of this.whyUnwanted) {
      const reason = await hook.whyUnwanted!(job);
      if (reason !== undefined) return reason;
    }
    return undefined;
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

/**
 * Whether an error says something about the job, and not about the store, or a record that others
 * can read.
 */
function isAboutJob(error: unknown): boolean {
  if (error instanceof StoreUnavailableError || error instanceof NewerRecordError) return false;
  return error instanceof JobsError;
}
