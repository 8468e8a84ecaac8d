import { ErrorCode, type JobsOptions, type RepeatableOptions } from 'bullmq';
import type { QueueRecord, Transaction } from '../../store/index.js';
import { findJob, type JobRow } from '../row/job-row.js';
import { maxEventsOf } from '../queue/queue-settings.js';
import { removeJobRow } from '../removal/remove-job-row.js';
import {
  findScheduler,
  saveScheduler,
  schedulerFields,
  type StoredScheduler,
} from './scheduler-record.js';
import { addRun, findReplaceableRun, isStored, runId, type RunOptions } from './scheduler-runs.js';
import { nextSlot } from './scheduler-slots.js';

/** A schedule as BullMQ's `JobScheduler` hands it over. */
export interface NewScheduler {
  id: string;
  /** When the next job runs by its pattern, in ms; an interval is counted here. */
  nextMillis: number;
  /** The data of its jobs, as JSON. */
  templateData: string;
  /** The options of its jobs. */
  templateOpts: JobsOptions;
  repeat: RepeatableOptions;
  /** The options of the next job. */
  jobOpts: RunOptions;
  now: number;
}

/**
 * So many runs in a row may be taken by jobs that are still stored; an interval passes over them.
 */
const MOST_TAKEN_SLOTS = 32;

/**
 * Stores a schedule, in the place of one with the same id, and adds its next job. The older
 * schedule's next job is removed unless it runs already.
 *
 * @returns The id of the next job and its delay in ms; or BullMQ's error code when the runs to come
 * are taken by stored jobs: nothing is changed then.
 */
export function addScheduler(
  transaction: Transaction,
  queueName: string,
  options: NewScheduler,
): [jobId: string, delay: number] | ErrorCode {
  const { id, repeat, templateData, templateOpts, jobOpts, now } = options;
  const queue = transaction.change(queueName);
  maxEventsOf(transaction, queue);
  const older = findScheduler(transaction, queue, id);
  const replaced = older && findReplaceableRun(transaction, queue, older);
  const slot = firstSlot(options, older, replaced !== undefined);
  const isTaken = (millis: number): boolean =>
    replaced?.id !== runId(id, millis) && isStored(transaction, queue, runId(id, millis));
  const early = older && replaced && earlyRun(transaction, queue, options, older);
  const nextRun =
    early === undefined ? freeSlot(slot.nextMillis, repeat.every, isTaken) : early.nextRun;
  if (nextRun === undefined) {
    return repeat.every ? ErrorCode.SchedulerJobSlotsBusy : ErrorCode.SchedulerJobIdCollision;
  }

  const superseded = early?.ended === undefined ? [] : [early.ended];
  for (const job of replaced ? [replaced, ...superseded] : [])
    removeJobRow(transaction, queue, job, { hard: true, deduplication: true });
  const fields = schedulerFields(
    {
      repeat: replaced ? repeat : { ...repeat, offset: slot.offset },
      data: templateData,
      opts: templateOpts,
    },
    older?.fields,
  );
  saveScheduler(transaction, queue, { id, nextRun, fields });
  const content = { name: repeat.name, data: templateData, opts: jobOpts };
  return addRun(transaction, queue, { id, nextRun }, content, now);
}

/** When the next job runs, before looking whether that run is taken. */
function firstSlot(
  { nextMillis, repeat, jobOpts, now }: NewScheduler,
  older: StoredScheduler | undefined,
  replaces: boolean,
): { nextMillis: number; offset: number } {
  const offset = repeat.offset ?? jobOpts.repeat?.offset ?? 0;
  const { every, startDate } = repeat;
  if (!every) return { nextMillis, offset };
  const goesOn = Number(older?.fields['every']) === every;
  const previous = goesOn ? older?.nextRun : undefined;
  const slot = nextSlot({ every, offset, startDate }, previous, now);
  return replaces && previous !== undefined ? { ...slot, nextMillis: previous } : slot;
}

/**
 * When a schedule goes by a pattern, its run of that time may have been started early, while a
 * later one is planned. If the times are asked for again, or that run has not ended, the plan
 * stays; if they are new ones, the run that ended gives its time back.
 * @returns undefined when there is no such run
 */
function earlyRun(
  transaction: Transaction,
  queue: QueueRecord,
  { id, nextMillis, repeat }: NewScheduler,
  older: StoredScheduler,
): { nextRun: number; ended?: JobRow } | undefined {
  if (repeat.every || nextMillis === older.nextRun) return undefined;
  const run = findJob(transaction, queue, runId(id, nextMillis));
  if (run === undefined) return undefined;
  const { pattern, tz } = older.fields;
  const isSame = pattern !== undefined && pattern === repeat.pattern && tz === repeat.tz;
  const isOwn = run.scheduler_id === id;
  const hasEnded = run.state === 'completed' || run.state === 'failed';
  if (isSame || (isOwn && !hasEnded)) return { nextRun: older.nextRun };
  return isOwn ? { nextRun: nextMillis, ended: run } : undefined;
}

/** The first run that no stored job has; undefined when there is none near. */
function freeSlot(
  first: number,
  every: number | undefined,
  isTaken: (millis: number) => boolean,
): number | undefined {
  const most = every ? MOST_TAKEN_SLOTS : 0;
  for (let passed = 0; passed <= most; passed += 1) {
    const millis = first + passed * (every ?? 0);
    if (!isTaken(millis)) return millis;
  }
  return undefined;
}
