import type { State, Transaction } from '../../store/index.js';
import { isNamedAsNextRun } from '../row/scheduled-job.js';
import {
  discard,
  jobsDownwards,
  jobsUpwards,
  type Place,
  SWEEP_ROWS,
  type SweepStep,
} from './sweep-step.js';

/** How far a drain has come. */
export interface DrainProgress {
  /** The newest job when the drain began: what is added later has a higher number, and stays. */
  newest: number;
  /** The lists that are left, the first one in work. */
  states: State[];
  /** Where to go on in the first list. */
  from?: Place | undefined;
}

const NEWEST = 'SELECT max(seq) AS seq FROM job';

/**
 * Removes the jobs that wait (and those that are delayed, if asked), but not the next run of a
 * scheduler.
 *
 * @param progress - What the step before returned as `next`; undefined for the first step.
 */
export function drainStep(
  transaction: Transaction,
  queueName: string,
  delayed: boolean,
  progress: DrainProgress = begin(transaction, delayed),
): SweepStep<DrainProgress> {
  const removed: string[] = [];
  const { newest } = progress;
  let { states, from } = progress;
  let rest = SWEEP_ROWS;
  while (rest > 0) {
    const [state] = states;
    if (state === undefined) return { removed };
    const queue = transaction.queue(queueName);
    const read = state === 'waiting' ? jobsDownwards : jobsUpwards;
    const jobs = queue.counts[state] === 0 ? [] : read(transaction, queue, state, from, rest);
    for (const job of jobs) {
      if (job.seq > newest || isNamedAsNextRun(transaction, queue, job.id)) continue;
      discard(transaction, transaction.change(queueName), job);
      removed.push(job.id);
    }
    from = jobs.at(-1);
    if (jobs.length < rest) {
      states = states.slice(1);
      from = undefined;
    }
    rest -= jobs.length;
  }
  return { removed, next: { newest, states, from } };
}

function begin(transaction: Transaction, delayed: boolean): DrainProgress {
  return {
    newest: transaction.get<{ seq: number | null }>(NEWEST)?.seq ?? 0,
    states: delayed ? ['waiting', 'delayed', 'prioritized'] : ['waiting', 'prioritized'],
  };
}
