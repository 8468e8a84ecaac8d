import type { RecurringJob } from 'nestjs-jobs';

/** A recurring job as HTTP clients get it: dates are text. */
export type SeenRecurring = Pick<RecurringJob, 'id' | 'description' | 'state'> & {
  next: readonly string[];
  lastRun?: { state: string; result?: unknown };
};
