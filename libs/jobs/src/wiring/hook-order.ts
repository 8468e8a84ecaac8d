import type { Provider } from '@nestjs/common';
import { RateLimitHook, TurnHook, SentAwayTurns, UniqueHook } from '../concurrency/index.js';
import { DeclaredContinuations, RunContinuations } from '../continuations/index.js';
import { SettledJobs } from '../enqueueing/index.js';
import { EarlyRemoval, JOB_HOOKS, TakenOverJobs } from '../execution/index.js';
import { KeyedRuns } from '../idempotency/index.js';
import { JobLogger } from '../logging/index.js';
import { DroppedRuns, RecurringRuns } from '../recurring/index.js';

/** In the order in which each is asked, and told. @internal */
export const jobHooksProvider: Provider = {
  provide: JOB_HOOKS,
  useFactory: (...hooks: unknown[]) => hooks,
  inject: [
    JobLogger,
    SettledJobs,
    EarlyRemoval,
    RecurringRuns,
    DroppedRuns,
    // Before the keys: a job that is completed without its handler is followed all the same.
    DeclaredContinuations,
    RunContinuations,
    KeyedRuns,
    TurnHook,
    SentAwayTurns,
    RateLimitHook,
    UniqueHook,
    TakenOverJobs,
  ],
};
