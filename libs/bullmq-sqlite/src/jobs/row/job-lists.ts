import type { QueueRecord, State, Transaction } from '../../store/index.js';
import type { JobRow } from './job-row.js';
import { type End, positionAt, priorityRank } from './ranks.js';

const MOVE = 'UPDATE job SET state = ?, rank = ?, pauses_until = NULL WHERE seq = ?';
const MOVE_DUE = 'UPDATE job SET state = ?, rank = ?, delay = 0 WHERE seq = ?';

/** Puts a job into another list, and keeps the counts. */
export function moveJob(
  transaction: Transaction,
  queue: QueueRecord,
  job: Pick<JobRow, 'seq' | 'state'>,
  state: State,
  rank: number | bigint,
): void {
  transaction.run(MOVE, state, rank, job.seq);
  countMove(queue, job.state, state);
}

/**
 * Puts a job where workers find it: into `prioritized` when it has a priority, else into `waiting`.
 */
export function makeReady(
  transaction: Transaction,
  queue: QueueRecord,
  job: Pick<JobRow, 'seq' | 'state' | 'priority'>,
  end: End,
): void {
  const [state, rank] = readyPlace(queue, job.priority, end);
  transaction.run(MOVE, state, rank, job.seq);
  countMove(queue, job.state, state);
}

/** Makes a delayed job ready. */
export function promoteJob(
  transaction: Transaction,
  queue: QueueRecord,
  job: Pick<JobRow, 'seq' | 'id' | 'priority'>,
): void {
  const [state, rank] = readyPlace(queue, job.priority, 'back');
  transaction.run(MOVE_DUE, state, rank, job.seq);
  countMove(queue, 'delayed', state);
  transaction.emit(queue, 'waiting', job.id, { prev: 'delayed' });
}

/** Counts a job that leaves one list (or none) for another (or none). */
export function countMove(queue: QueueRecord, from: State | null, to: State | null): void {
  if (from !== null) queue.counts[from] -= 1;
  if (to !== null) queue.counts[to] += 1;
}

function readyPlace(
  queue: QueueRecord,
  priority: number,
  end: End,
): ['waiting' | 'prioritized', number] {
  return priority === 0
    ? ['waiting', positionAt(queue, end)]
    : ['prioritized', priorityRank(queue, priority)];
}
