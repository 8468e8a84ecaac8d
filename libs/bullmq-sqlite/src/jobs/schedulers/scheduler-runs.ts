import type { JobsOptions, RepeatOptions } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';
import { storeJob } from '../adding/add-job.js';
import { findJob, type JobRow } from '../row/job-row.js';
import { type StoredScheduler, withoutNulls } from './scheduler-record.js';

/** The options of a run's job: BullMQ keeps its schedule with them. */
export type RunOptions = JobsOptions & { repeat?: Pick<RepeatOptions, 'every' | 'offset'> };

/** What a run's job is made of. */
export interface RunContent {
  name: string;
  /** JSON. */
  data: string;
  opts: RunOptions;
}

const IS_STORED = 'SELECT 1 FROM job WHERE queue = ? AND id = ?';

/** The id of the job of one run, by which BullMQ knows it. */
export function runId(schedulerId: string, millis: number): string {
  return `repeat:${schedulerId}:${millis}`;
}

/** Whether there is a job with this id, in any state. */
export function isStored(transaction: Transaction, queue: QueueRecord, jobId: string): boolean {
  return transaction.get(IS_STORED, queue.id, jobId) !== undefined;
}

/** The job of a scheduler's next run, if it has not started. */
export function findReplaceableRun(
  transaction: Transaction,
  queue: QueueRecord,
  { id, nextRun }: StoredScheduler,
): JobRow | undefined {
  const job = findJob(transaction, queue, runId(id, nextRun));
  const { state } = job ?? {};
  return state === 'delayed' || state === 'prioritized' || state === 'waiting' ? job : undefined;
}

/** Adds the job of a run whose id is free. Returns its id, and in how many ms it is due. */
export function addRun(
  transaction: Transaction,
  queue: QueueRecord,
  { id, nextRun }: Pick<StoredScheduler, 'id' | 'nextRun'>,
  { name, data, opts }: RunContent,
  now: number,
): [jobId: string, delay: number] {
  queue.lastJobId += 1;
  const jobId = runId(id, nextRun);
  const delay = Math.max(0, nextRun - now);
  const job = {
    name,
    data,
    opts: { ...withoutNulls(opts), delay, jobId },
    timestamp: now,
    repeatJobKey: id,
  };
  storeJob(transaction, queue, jobId, { job, jobId });
  return [jobId, delay];
}
