import type { JobJson, JobsOptions, JobProgress } from 'bullmq';
import type { QueueRecord, State, Transaction } from '../../store/index.js';

/** A row of the table `job`. */
export interface JobRow {
  seq: number;
  queue: number;
  id: string;
  name: string;
  data: string;
  opts: string;
  state: State | null;
  rank: number | null;
  timestamp: number;
  delay: number;
  priority: number;
  attempts_made: number;
  attempts_started: number;
  stalled_count: number;
  processed_on: number | null;
  finished_on: number | null;
  processed_by: string | null;
  progress: string | null;
  return_value: string | null;
  failed_reason: string | null;
  stacktrace: string | null;
  deferred_failure: string | null;
  parent_key: string | null;
  parent: string | null;
  scheduler_id: string | null;
  deduplication_id: string | null;
  lock_token: string | null;
  lock_until: number;
  maybe_stalled: number;
}

/**
 * The columns of a job that is handed out. Without `rank`: a prioritized job's rank can be more
 * than a JavaScript number holds, and only SQL compares it.
 */
export const JOB_COLUMNS = `seq, queue, id, name, data, opts, state, timestamp, delay, priority, attempts_made,
  attempts_started, stalled_count, processed_on, finished_on, processed_by, progress, return_value,
  failed_reason, stacktrace, deferred_failure, parent_key, parent, scheduler_id, deduplication_id,
  lock_token, lock_until, maybe_stalled`;

const FIND = `SELECT ${JOB_COLUMNS} FROM job WHERE queue = ? AND id = ?`;

/** The row of a job, if there is one. */
export function findJob(
  transaction: Transaction,
  queue: QueueRecord,
  id: string,
): JobRow | undefined {
  return transaction.get<JobRow>(FIND, queue.id, id);
}

/** A row in the form that BullMQ's `Job.fromJSON` reads. */
export function toJobJson(row: JobRow): JobJson {
  const deduplicationId = row.deduplication_id ?? undefined;
  return {
    id: row.id,
    name: row.name,
    data: row.data,
    opts: JSON.parse(row.opts) as JobsOptions,
    progress: row.progress === null ? 0 : (JSON.parse(row.progress) as JobProgress),
    delay: row.delay,
    priority: row.priority,
    timestamp: row.timestamp,
    attemptsStarted: row.attempts_started,
    attemptsMade: row.attempts_made,
    stalledCounter: row.stalled_count,
    finishedOn: row.finished_on ?? undefined,
    processedOn: row.processed_on ?? undefined,
    repeatJobKey: row.scheduler_id ?? undefined,
    debounceId: deduplicationId,
    deduplicationId,
    failedReason: row.failed_reason as string,
    deferredFailure: row.deferred_failure ?? undefined,
    stacktrace: row.stacktrace ?? undefined,
    returnvalue: row.return_value as string,
    parentKey: row.parent_key ?? undefined,
    parent: row.parent === null ? undefined : (JSON.parse(row.parent) as JobJson['parent']),
    processedBy: row.processed_by ?? undefined,
  };
}
