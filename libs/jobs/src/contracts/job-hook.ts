import type { LimitKeys, RunningJob } from './running-job.js';
import type { JobInfo } from './job-info.js';

/**
 * How one run of a job ended. `retrying`, `given-back` and `postponed` runs come again.
 * @internal
 */
export type RunOutcome =
  | {
      readonly status: 'completed';
      readonly result: unknown;
      readonly durationMs: number;
      /** Why its handler was not called, when it was not. */
      readonly skipped?: string | undefined;
    }
  | {
      readonly status: 'retrying';
      readonly error: Error;
      readonly durationMs: number;
      readonly retryInMs: number;
    }
  | { readonly status: 'failed'; readonly error: Error; readonly durationMs: number }
  | { readonly status: 'given-back'; readonly reason: string }
  | { readonly status: 'postponed'; readonly delayMs: number };

/**
 * What becomes of a claimed job: its handler is called; or it is completed without, since all of
 * its work is done already; or it goes back to its queue for a while, which burns no attempt; or it
 * fails, since it was cancelled.
 * @internal
 */
export type ClaimDecision =
  | { readonly action: 'run' }
  | {
      readonly action: 'complete';
      /** In the form in which results are stored. */
      readonly result: unknown;
      /** Why, where that is worth a word in the log. */
      readonly reason?: string;
    }
  | { readonly action: 'postpone'; readonly delayMs: number }
  | {
      readonly action: 'refuse';
      /** What it fails with, at once. */
      readonly error: Error;
      /** Whether it leaves the store then. */
      readonly isRemoved: boolean;
    };

/** A claimed job that this process has no handler for, and that comes again. @internal */
export interface SentAwayJob {
  readonly queue: string;
  readonly id: string;
  readonly options: LimitKeys;
  /** Whether a server that lives can run it, and takes it over as soon as it has room. */
  readonly isHandedOver: boolean;
}

/** A job whose handler no server has, and that has not begun to run. @internal */
export type UnknownWork = Pick<JobInfo, 'queue' | 'id' | 'name' | 'tick'>;

/**
 * How a feature attaches to execution, so that execution knows no feature by name. Hooks are called
 * in the order they were registered; what a hook throws is logged and harms no job.
 * @internal
 */
export interface JobHook {
  /**
   * A job was claimed, and its handler is to be called next. Hooks are asked one after the other;
   * the first that does not let it run has decided.
   * @returns undefined to go on at once; or a promise of what to do. One that rejects with what a
   *   job is at fault for (a `JobsError`) lets the attempt fail; after any other the job comes
   *   again.
   */
  onClaimed?(job: RunningJob): Promise<ClaimDecision> | undefined;
  /** A handler is about to be called. */
  onStarted?(job: JobInfo): void;
  /**
   * A handler has returned, and the job is to be completed next.
   * @param result in the form in which it will be stored
   * @returns undefined to go on at once; or a promise that is awaited first. After one that rejects
   *   it is called again.
   */
  onReturned?(job: RunningJob, result: unknown): Promise<void> | undefined;
  /** The locks of these jobs were renewed: their runs go on. */
  onRenewed?(jobs: readonly RunningJob[]): void;
  /**
   * A job was claimed that no handler of this process can run; it is delayed next, for another one.
   * @returns undefined, or a promise that is awaited first
   */
  onSentAway?(job: SentAwayJob): Promise<void> | undefined;
  /**
   * Says why nobody wants a job any more whose handler no server has: it is removed when the time
   * is over for which it waits for one, and does not fail.
   * @returns undefined for a job that somebody may want; the answer is asked for each time that it
   *   is met
   */
  whyUnwanted?(job: UnknownWork): Promise<string | undefined>;
  /** A run ended and its end was stored. */
  onSettled?(job: JobInfo, outcome: RunOutcome): void;
}
