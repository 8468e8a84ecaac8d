import type { RunningJob } from './current-job.js';
import type { JobInfo } from './job-info.js';

/**
 * How one run of a job ended. `retrying` and `given-back` runs come again.
 * @internal
 */
export type RunOutcome =
  | { readonly status: 'completed'; readonly result: unknown; readonly durationMs: number }
  | {
      readonly status: 'retrying';
      readonly error: Error;
      readonly durationMs: number;
      readonly retryInMs: number;
    }
  | { readonly status: 'failed'; readonly error: Error; readonly durationMs: number }
  | { readonly status: 'given-back'; readonly reason: string };

/**
 * How a feature attaches to execution, so that execution knows no feature by name. Hooks are called
 * in the order they were registered; what a hook throws is logged and harms no job.
 * @internal
 */
export interface JobHook {
  /**
   * A job was claimed, and its handler is to be called next.
   * @returns undefined to go on at once; or a promise of whether to `run` it, or to complete it without since
   *   all of its work is `done` already. One that rejects lets the attempt fail.
   */
  onClaimed?(job: RunningJob): Promise<'run' | 'done'> | undefined;
  /** A handler is about to be called. */
  onStarted?(job: JobInfo): void;
  /** A run ended and its end was stored. */
  onSettled?(job: JobInfo, outcome: RunOutcome): void;
}
