import type { RunningJob } from '../contracts/index.js';
import type { ReturnedValue } from '../options/index.js';

/**
 * The steps that a job has done, as `JobContext.once()` asks for them. Provided by idempotency.
 * @internal
 */
export abstract class Checkpoints {
  /**
   * Does a step of the job, unless it is done already. @returns what it returned when it was done
   */
  abstract once<T>(
    job: RunningJob,
    step: string,
    action: () => T | PromiseLike<T>,
  ): Promise<ReturnedValue<T>>;
}
