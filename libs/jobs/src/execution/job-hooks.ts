import { Inject, Injectable } from '@nestjs/common';
import type { JobHook, JobInfo, RunOutcome } from '../contracts/index.js';
import { JobLogger, messages } from '../logging/index.js';

/** DI token of the list of all {@link JobHook}s. @internal */
export const JOB_HOOKS = Symbol('nestjs-jobs:job-hooks');

/**
 * Calls the hooks; what one throws is logged and harms no job.
 * @internal
 */
@Injectable()
export class JobHooks {
  constructor(
    @Inject(JOB_HOOKS) private readonly hooks: readonly JobHook[],
    private readonly logger: JobLogger,
  ) {}

  started(job: JobInfo): void {
    for (const hook of this.hooks) this.guard(hook, () => hook.onStarted?.(job));
  }

  settled(job: JobInfo, outcome: RunOutcome): void {
    for (const hook of this.hooks) this.guard(hook, () => hook.onSettled?.(job, outcome));
  }

  private guard(hook: JobHook, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.logger.error(messages.hookFailed(hook.constructor.name, error));
    }
  }
}
