import type { QueueRecord, Transaction } from '../../store/index.js';
import type { JobRow } from './job-row.js';

const NEXT_RUN = 'SELECT next_run FROM scheduler WHERE queue = ? AND id = ?';

/** How BullMQ names the job of a scheduler's run: `repeat:<scheduler>:<ms>`. */
const RUN_ID = /^repeat:(.*):([^:]*)$/s;

/** Whether a job is the next run of the scheduler that made it. */
export function isNextRun(
  transaction: Transaction,
  queue: QueueRecord,
  job: Pick<JobRow, 'id' | 'scheduler_id'>,
): boolean {
  if (job.scheduler_id === null) return false;
  const next = nextRun(transaction, queue, job.scheduler_id);
  return next !== undefined && job.id === `repeat:${job.scheduler_id}:${next}`;
}

/** Whether a job's id is that of the next run of any scheduler. */
export function isNamedAsNextRun(
  transaction: Transaction,
  queue: QueueRecord,
  jobId: string,
): boolean {
  const [, scheduler, milliseconds] = RUN_ID.exec(jobId) ?? [];
  if (scheduler === undefined) return false;
  return String(nextRun(transaction, queue, scheduler)) === milliseconds;
}

function nextRun(
  transaction: Transaction,
  queue: QueueRecord,
  schedulerId: string,
): number | undefined {
  const row = transaction.get<{ next_run: number | null }>(NEXT_RUN, queue.id, schedulerId);
  return row?.next_run ?? undefined;
}
