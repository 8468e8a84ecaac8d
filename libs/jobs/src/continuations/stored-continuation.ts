import { ContinuationSkippedError, JobCancelledError } from '../errors/index.js';
import type { ContinuationMoment } from '../options/index.js';
import type { JobOutcome, StoredChild, StoredError } from '../hubs/index.js';
import type { PreparedJob } from '../enqueueing/index.js';
import type { Slot } from './argument-slots.js';

/**
 * A continuation that is not in its queue yet, as it is stored. It goes when its job is there.
 * @internal
 */
export interface StoredContinuation {
  readonly job: PreparedJob;
  readonly on: ContinuationMoment;
  /** What it follows. */
  readonly after: readonly StoredChild[];
  /** Where its arguments want what became of those. */
  readonly slots: readonly Slot[];
  /** When it was stored, Unix ms. */
  readonly at: number;
  /** Of several antecedents, how those ended that have, by their place in `after`. */
  readonly outcomes?: Readonly<Record<number, JobOutcome>>;
  /** Why it will not be enqueued; absent while it may. */
  readonly end?: ContinuationEnd;
}

/** @internal */
export interface ContinuationEnd {
  /** `skipped`: an antecedent did not end as asked for. */
  readonly kind: 'skipped' | 'cancelled';
  readonly reason?: string;
  /** Present when it was removed: where its job is put in its queue all the same, it is to go. */
  readonly removed?: true;
}

/** What becomes of a continuation when an antecedent ends like this. @internal */
export function accepts(on: ContinuationMoment, { status }: JobOutcome): boolean {
  if (on === 'finished') return true;
  return (on === 'completed') === (status === 'completed');
}

/** The end of a continuation whose antecedent did not end as it asks for. @internal */
export function endBy({ name }: StoredChild, outcome: JobOutcome): ContinuationEnd {
  if (outcome.status === 'completed')
    return { kind: 'skipped', reason: `the job "${name}" before it has completed` };
  const reason = outcome.error.message.replace(/\.$/, '');
  if (isSkip(outcome.error)) return { kind: 'skipped', reason };
  return outcome.status === 'failed'
    ? { kind: 'skipped', reason: `the job "${name}" before it failed: ${outcome.error.message}` }
    : { kind: 'cancelled', reason };
}

/** @internal */
export function toError({ kind, reason }: ContinuationEnd, { queue, name, id }: PreparedJob) {
  const location = { queue, name, id };
  return kind === 'skipped'
    ? new ContinuationSkippedError(location, reason ?? 'no reason is known')
    : new JobCancelledError(location, reason);
}

/**
 * Whether it ended without running, since a job before it failed: a retry of that one lets it run.
 */
function isSkip(error: StoredError): boolean {
  return error.name === ContinuationSkippedError.name;
}

/** How a continuation that never ran counts for those that follow it. @internal */
export function outcomeOf(end: ContinuationEnd, job: PreparedJob): JobOutcome {
  const { name, message } = toError(end, job);
  return { status: 'cancelled', error: { name, message } };
}
