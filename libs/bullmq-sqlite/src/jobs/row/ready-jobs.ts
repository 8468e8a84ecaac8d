import type { JobJson, JobProgress, JobsOptions } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';

const NEXT = `SELECT seq, id, name, data, opts, progress, delay, priority, timestamp, attempts_started,
  attempts_made, stalled_count, finished_on, scheduler_id, deduplication_id, failed_reason,
  deferred_failure, stacktrace, return_value, parent_key, parent, processed_by
  FROM job WHERE queue = ? AND state = ? ORDER BY rank, id LIMIT +?`;

/** A job that is ready to run: the columns of `NEXT`. */
export type ReadyJob = [
  seq: number,
  id: string,
  name: string,
  data: string,
  opts: string,
  progress: string | null,
  delay: number,
  priority: number,
  timestamp: number,
  attemptsStarted: number,
  attemptsMade: number,
  stalledCount: number,
  finishedOn: number | null,
  schedulerId: string | null,
  deduplicationId: string | null,
  failedReason: string | null,
  deferredFailure: string | null,
  stacktrace: string | null,
  returnValue: string | null,
  parentKey: string | null,
  parent: string | null,
  processedBy: string | null,
];

/** The jobs at the head of a list. */
interface Head {
  state: string;
  /** They are good as long as this is the number of writes. */
  writes: number;
  jobs: ReadyJob[];
  taken: number;
}

/** At most this many jobs are read ahead. */
const LONGEST_HEAD = 64;

const heads = new WeakMap<QueueRecord, Head>();

/**
 * Takes the first job of a list of ready jobs; the caller makes it active.
 *
 * Jobs are read ahead, twice as many each time, while nothing but claims and ends of jobs happens:
 * one search for many is a third of the cost of a claim. Any other write makes what was read void.
 */
export function nextReady(
  transaction: Transaction,
  queue: QueueRecord,
  state: 'waiting' | 'prioritized',
): ReadyJob | undefined {
  const { writes } = transaction.statements;
  let head = heads.get(queue);
  const isGood = head?.state === state && head.writes === writes;
  if (head === undefined || !isGood || head.taken === head.jobs.length) {
    const length = head !== undefined && isGood ? Math.min(2 * head.taken, LONGEST_HEAD) : 0;
    const jobs = transaction.allValues(NEXT, queue.id, state, Math.max(1, length)) as ReadyJob[];
    head = { state, writes, jobs, taken: 0 };
    heads.set(queue, head);
  }
  const job = head.jobs[head.taken];
  if (job !== undefined) head.taken += 1;
  return job;
}

/** A ready job in the form that BullMQ's `Job.fromJSON` reads, as it is after its claim. */
export function toClaimedJob(job: ReadyJob, now: number, worker?: string): JobJson {
  const [
    ,
    id,
    name,
    data,
    opts,
    progress,
    delay,
    priority,
    timestamp,
    started,
    made,
    stalled,
    ...rest
  ] = job;
  const [finishedOn, schedulerId, deduplicationId, failedReason, deferredFailure, ...others] = rest;
  const [stacktrace, returnValue, parentKey, parent, processedBy] = others;
  return {
    id,
    name,
    data,
    opts: JSON.parse(opts) as JobsOptions,
    progress: progress === null ? 0 : (JSON.parse(progress) as JobProgress),
    delay,
    priority,
    timestamp,
    attemptsStarted: started + 1,
    attemptsMade: made,
    stalledCounter: stalled,
    finishedOn: finishedOn ?? undefined,
    processedOn: now,
    repeatJobKey: schedulerId ?? undefined,
    debounceId: deduplicationId ?? undefined,
    deduplicationId: deduplicationId ?? undefined,
    failedReason: failedReason as string,
    deferredFailure: deferredFailure ?? undefined,
    stacktrace: stacktrace ?? undefined,
    returnvalue: returnValue as string,
    parentKey: parentKey ?? undefined,
    parent: parent === null ? undefined : (JSON.parse(parent) as JobJson['parent']),
    processedBy: worker ?? processedBy ?? undefined,
  };
}
