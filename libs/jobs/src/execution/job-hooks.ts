import { Inject, Injectable } from '@nestjs/common';
import type { JobHook, JobInfo, RunningJob, RunOutcome } from '../contracts/index.js';
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
  private readonly onStarted: readonly JobHook[];
  private readonly onSettled: readonly JobHook[];

  constructor(
    @Inject(JOB_HOOKS) hooks: readonly JobHook[],
    private readonly logger: JobLogger,
  ) {
    this.onClaimed = hooks.filter((hook) => 'onClaimed' in hook);
    this.onStarted = hooks.filter((hook) => 'onStarted' in hook);
    this.onSettled = hooks.filter((hook) => 'onSettled' in hook);
  }

  /** Asks whether to run the job; a promise only where a hook needs one. */
  claimed(job: RunningJob): Promise<'run' | 'done'> | undefined {
    let answers: Promise<'run' | 'done'>[] | undefined;
    for (const hook of this.onClaimed) {
      const answer = hook.onClaimed!(job);
      if (answer !== undefined) (answers ??= []).push(answer);
    }
    return answers && Promise.all(answers).then((all) => (all.includes('done') ? 'done' : 'run'));
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
