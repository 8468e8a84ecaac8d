import type { JobJson } from 'bullmq';
import { DamagedJobError } from '../../errors/index.js';
import { markDamaged } from '../damage.js';

/** A job's hash as Redis returns it. */
export type RawJob = Readonly<Record<string, string>>;

/** A damaged job as BullMQ can handle it, and what to change in its hash for that. */
export interface RepairedJob {
  readonly json: JobJson;
  /** Kept in the hash: BullMQ fails a job that carries it, without running it. */
  readonly failure: string;
  /** Fields to set in the hash; those with an empty value are removed. */
  readonly changes: Readonly<Record<string, string>>;
}

/**
 * What is left of a job whose hash BullMQ cannot decode. Its data stays as it is; broken options
 * become none, and a broken link to its parent is rebuilt from the parent's key, so that the parent
 * learns of the failure.
 * @internal
 */
export function repairJob(queue: string, id: string, raw: RawJob): RepairedJob {
  const changes: Record<string, string> = {};
  const reasons: string[] = [];
  const check = (
    field: string,
    replacement: string,
    accepts: (value: unknown) => boolean,
  ): void => {
    const problem = raw[field] === undefined ? undefined : problemOf(raw[field], accepts);
    if (problem === undefined) return;
    reasons.push(`${field}: ${problem}`);
    changes[field] = replacement;
  };
  check('opts', '{}', isObject);
  check('progress', '0', () => true);
  check('parent', parentOf(raw.parentKey, changes.opts ?? raw.opts), isObject);
  if (raw.name === undefined) {
    reasons.push('its name is missing');
    changes.name = UNNAMED;
  }
  if (raw.timestamp === undefined) changes.timestamp = String(Date.now());
  const reason = reasons.join('; ') || 'it cannot be decoded';
  const failure = new DamagedJobError({ queue, name: raw.name, id }, reason).message;
  const json = toJson(id, { ...raw, ...changes }, failure);
  markDamaged(json, reason);
  return { json, failure, changes };
}

const UNNAMED = '(damaged)';

function problemOf(text: string, accepts: (value: unknown) => boolean): string | undefined {
  try {
    return accepts(JSON.parse(text)) ? undefined : 'not an object';
  } catch (error) {
    return error instanceof Error ? error.message : 'not JSON';
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/**
 * What becomes of a parent when its child fails: kept in the options, and again beside the link.
 */
const PARENT_POLICIES = new Set(['fpof', 'rdof', 'idof', 'cpof']);

/** `<prefix>:<queue>:<id>` as the JSON that BullMQ keeps beside it; empty without a key. */
function parentOf(parentKey: string | undefined, opts = '{}'): string {
  if (!parentKey) return '';
  const end = parentKey.lastIndexOf(':');
  const link = { id: parentKey.slice(end + 1), queueKey: parentKey.slice(0, end) };
  const policies = Object.entries(JSON.parse(opts) as object).filter(([name]) =>
    PARENT_POLICIES.has(name),
  );
  return JSON.stringify({ ...link, ...Object.fromEntries(policies) });
}

function toJson(id: string, raw: RawJob, failure: string): JobJson {
  const json: JobJson = {
    id,
    name: raw.name ?? UNNAMED,
    data: raw.data || '{}',
    opts: JSON.parse(raw.opts || '{}') as JobJson['opts'],
    progress: JSON.parse(raw.progress || '0') as JobJson['progress'],
    attemptsMade: number(raw.atm) ?? 0,
    attemptsStarted: number(raw.ats) ?? 0,
    stalledCounter: number(raw.stc) ?? 0,
    timestamp: number(raw.timestamp) ?? 0,
    failedReason: raw.failedReason ?? '',
    returnvalue: raw.returnvalue ?? 'null',
    deferredFailure: failure,
  };
  const optional = {
    delay: number(raw.delay),
    priority: number(raw.priority),
    finishedOn: number(raw.finishedOn),
    processedOn: number(raw.processedOn),
    stacktrace: raw.stacktrace,
    parentKey: raw.parentKey,
    parent: raw.parent ? (JSON.parse(raw.parent) as JobJson['parent']) : undefined,
    repeatJobKey: raw.rjk,
    deduplicationId: raw.deid,
    processedBy: raw.pb,
  };
  return Object.assign(json, optional);
}

function number(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number.parseInt(text, 10) || 0;
}
