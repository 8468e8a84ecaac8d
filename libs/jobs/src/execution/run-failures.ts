import { Injectable } from '@nestjs/common';
import { DelayedError, WaitingError } from 'bullmq';
import { toStorableError } from '../calling/index.js';
import { LockLostError, ShutdownError, UndoneWorkError } from '../errors/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { asFailure, asUnrecoverable } from './control-flow.js';
import { JobHooks } from './job-hooks.js';
import type { JobRun } from './job-run.js';

/** What is thrown for a job that is to come again later. @internal */
export class Postponement extends Error {
  constructor(readonly delayMs: number) {
    super(`postponed by ${delayMs} ms`);
  }
}

/**
 * What becomes of a run that did not return: it is given back at a shutdown, left alone when its
 * lock is lost, postponed when it was to be, and else has failed.
 * @internal
 */
@Injectable()
export class RunFailures {
  constructor(
    private readonly hooks: JobHooks,
    private readonly logger: JobLogger,
  ) {}

  /** @returns what BullMQ is to be told */
  async settle(run: JobRun, thrown: unknown): Promise<Error> {
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
      // The lock is lost or the store is: the sweep brings the job back, which burns no attempt
      // either.
    }
    return new WaitingError();
  }
}
