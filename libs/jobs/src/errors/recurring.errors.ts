import { JobsError, shortened } from './jobs.error.js';

/**
 * A recurring job cannot be what was asked for.
 * @publicApi
 */
export class InvalidRecurringJobError extends JobsError {
  /** One line for each fault. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Invalid recurring job: ${problems.join('; ')}`);
    this.problems = problems;
  }
}

/**
 * There is no recurring job with this id.
 * @publicApi
 */
export class RecurringJobNotFoundError extends JobsError {
  constructor(readonly id: string) {
    super(
      `There is no recurring job "${shortened(id)}" in the store. JobScheduler.recurring.list() has all of them.`,
    );
  }
}
