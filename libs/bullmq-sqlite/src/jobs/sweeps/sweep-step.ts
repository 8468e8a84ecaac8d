import type { QueueRecord, State, Transaction } from '../../store/index.js';
import type { JobRow } from '../row/job-row.js';
import { removeJobRow } from '../removal/remove-job-row.js';

/** How many jobs one step looks at: about 3 ms, so that a sweep of any length blocks nobody. */
export const SWEEP_ROWS = 250;

/** What one piece of a long sweep did. */
export interface SweepStep<Progress> {
  /** The ids of the jobs that it took out of their list, in that order. */
  removed: string[];
  /** What the next step needs to go on; undefined when nothing is left to do. */
  next?: Progress | undefined;
}

/** What a sweep needs to know of a job. */
export interface SweptJob extends Pick<
  JobRow,
  'seq' | 'id' | 'state' | 'timestamp' | 'processed_on' | 'finished_on' | 'parent_key'
> {
  scheduler_id: string | null;
  deduplication_id: string | null;
  lock_token: string | null;
  lock_until: number;
  /** The rank, as text: a prioritized job's can be more than a JavaScript number holds. */
  place: string;
}

/** A place between two jobs of a list. */
export type Place = Pick<SweptJob, 'place' | 'id'>;

/** Lower and higher than any rank. */
const LOWEST = '-9223372036854775808';
const HIGHEST = '9223372036854775807';

const SELECT_JOBS = `SELECT seq, id, state, CAST(rank AS TEXT) AS place, timestamp, processed_on, finished_on,
  parent_key, scheduler_id, deduplication_id, lock_token, lock_until FROM job WHERE queue = ? AND state = ?`;
const UPWARDS = `${SELECT_JOBS} AND (rank, id) > (CAST(? AS INTEGER), ?) AND rank <= ?
  ORDER BY rank, id LIMIT ?`;
const DOWNWARDS = `${SELECT_JOBS} AND (rank, id) < (CAST(? AS INTEGER), ?)
  ORDER BY rank DESC, id DESC LIMIT ?`;
const IS_STORED = 'SELECT 1 FROM job WHERE seq = ?';

/** The next jobs of a list above a place (or from its low end), whose rank is at most `highest`. */
export function jobsUpwards(
  transaction: Transaction,
  queue: QueueRecord,
  state: State,
  from: Place | undefined,
  limit: number,
  highest?: number,
): SweptJob[] {
  return transaction.all<SweptJob>(
    UPWARDS,
    queue.id,
    state,
    from?.place ?? LOWEST,
    from?.id ?? '',
    highest ?? BigInt(HIGHEST),
    limit,
  );
}

/** The next jobs of a list below a place (or from its high end). */
export function jobsDownwards(
  transaction: Transaction,
  queue: QueueRecord,
  state: State,
  from: Place | undefined,
  limit: number,
): SweptJob[] {
  return transaction.all<SweptJob>(
    DOWNWARDS,
    queue.id,
    state,
    from?.place ?? HIGHEST,
    from?.id ?? '',
    limit,
  );
}

/**
 * Removes a job as BullMQ's sweeps do: with its deduplication id, and with a parent that waited
 * only for it.
 */
export function discard(transaction: Transaction, queue: QueueRecord, job: SweptJob): void {
  // Its last child can have taken it along.
  const gone = job.state === 'waiting-children' && !isStored(transaction, job);
  if (!gone) removeJobRow(transaction, queue, job, { hard: true, deduplication: true });
}

function isStored(transaction: Transaction, job: SweptJob): boolean {
  return transaction.get(IS_STORED, job.seq) !== undefined;
}
