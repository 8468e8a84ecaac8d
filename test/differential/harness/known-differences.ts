import { Job } from 'bullmq';
import { isRecord, replaceText, sorted, withoutUndefined } from './plain-values.js';
import { type Call, PREFIX } from './recorded-call.js';

/**
 * Where two right answers may differ, and why. Every entry is a hole in the comparison, so each one
 * is as small as it can be. What is never asked, for a reason like these:
 *
 * - cleaning compares times as texts: all times here have 13 digits, in which texts and numbers
 *   agree.
 * - a delay beyond the year 2039: the score of the delayed list is no exact number any more, and
 *   such jobs lose their order on Redis.
 * - a page of a set or a hash: which entries are on it is up to Redis's hash table.
 */
const NORMALIZERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  getJobData: storedJob,
  // Redis keeps short names of options; BullMQ reads both.
  getJobSchedulerData: scheduler,
  getJobScheduler: (value) =>
    Array.isArray(value) ? [scheduler(fromPairs(value[0])), value[1]] : value,
  // The contract says void.
  drain: () => undefined,
  // What is left of a rate limit: Redis measures it by the server's clock, which goes on during a
  // run.
  getRateLimitTtl: someMs,
  moveJobFromActiveToWait: someMs,
  moveToActive: nextJob,
  moveToDelayed: nextJob,
  moveToCompleted: finished,
  moveToFailed: finished,
  // A stream's ids are times of the server and no part of the contract but for their order.
  publishEvent: () => 'an event id',
  // Redis trims a stream by whole nodes of about 100 events.
  trimEvents: () => 'some events',
  // SMEMBERS: the members of a set have no order.
  getDependencies: (value) =>
    isRecord(value) ? { ...value, unprocessed: sorted(value['unprocessed']) } : value,
  // SSCAN and HSCAN: no order either. The contract says that a cursor is text; Redis's script gives
  // 0 for no key.
  paginate: (value) =>
    isRecord(value)
      ? {
          ...value,
          cursor: String(value['cursor']),
          items: sorted(value['items']),
          jobs: sorted(storedJobs(value['jobs'])),
        }
      : value,
};

/**
 * Calls that remove a tree, whose children come in the order of a Redis set: their events have
 * none.
 */
const REMOVES_TREES: ReadonlySet<string> = new Set(['remove', 'removeUnprocessedChildren']);

/** Whether the call's events of removals may come in any order. */
export function removesTrees(call: Call): boolean {
  return REMOVES_TREES.has(call.method);
}

/** A result as both sides should give it. */
export function normalizeResult(method: string, value: unknown, prefix: string): unknown {
  const plain = withoutUndefined(replaceText(value, prefix, PREFIX));
  const normalize = NORMALIZERS[method];
  return normalize ? normalize(plain) : plain;
}

function someMs(value: unknown): unknown {
  return typeof value === 'number' && value > 0 ? 'some ms' : value;
}

/** [job, id, ms of the rate limit that is left, time of the next delayed job]. */
function nextJob(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const [job, id, limitedFor, ...rest] = value as unknown[];
  return [storedJob(job), id, someMs(limitedFor), ...rest];
}

/** [name, value, name, value, …], in the order of a Redis hash: none. */
function fromPairs(flat: unknown): unknown {
  if (!Array.isArray(flat)) return flat;
  const names = flat.filter((_, index) => index % 2 === 0).map(String);
  return Object.fromEntries(names.map((name, index) => [name, flat[index * 2 + 1] as unknown]));
}

function scheduler(fields: unknown): unknown {
  if (!isRecord(fields) || typeof fields['opts'] !== 'string') return fields;
  return { ...fields, opts: Job.optsFromJSON(fields['opts']) };
}

/** BullMQ makes a job without a name of a child that is not stored any more. */
function storedJobs(jobs: unknown): unknown {
  if (!Array.isArray(jobs)) return jobs;
  return jobs.filter((job) => isRecord(job) && job['name'] !== undefined).map(storedJob);
}

/** Redis leaves out what is not set, and the id; Job.fromJSON() takes null for the same. */
function storedJob(job: unknown): unknown {
  if (!isRecord(job)) return job;
  const { id: _id, ...rest } = job;
  return Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
}

function finished(value: unknown): unknown {
  return isRecord(value) && 'result' in value
    ? { ...value, result: nextJob(value['result']) }
    : value;
}
