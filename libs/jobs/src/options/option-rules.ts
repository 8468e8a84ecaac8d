import { types } from 'node:util';
import { shortened } from '../errors/index.js';
import { parseDuration } from './duration.js';
import { closest } from './did-you-mean.js';
import { hideSecrets } from './hide-secrets.js';
import { isPromise, kindOfOther } from './taken-options.js';

/** Says what a value should be, and whether it is. @internal */
export interface Rule {
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** A text may be credentials as a whole, so a message does not repeat it. */
  readonly secret?: boolean;
  /**
   * For a value with parts: what is wrong with which, each as `: "part" expected …` or `: unknown
   * option …`.
   */
  readonly faults?: (value: unknown) => readonly string[];
}

/** A table with a rule for each option, also for those that may be left out. @internal */
export type Rules<Options> = Readonly<Record<keyof Options, Rule>>;

const NAME = /^[\w.-]{1,128}$/;

/** The queue of this library's own bookkeeping, which no application can use. @internal */
export const HUBS_QUEUE = 'nestjs-jobs.hubs';

const JOB_NAME = /^[\w.:/-]{1,256}$/;
const MAX_PRIORITY = 2_097_151;

/**
 * Names that BullMQ's keys of a queue have on Redis, where a job's key is made of its id. @internal
 */
export const RESERVED_IDS: ReadonlySet<string> = new Set([
  'active',
  'completed',
  'de',
  'delayed',
  'events',
  'failed',
  'id',
  'limiter',
  'marker',
  'meta',
  'paused',
  'pc',
  'prioritized',
  'priority',
  'repeat',
  'stalled',
  'stalled-check',
  'wait',
  'waiting',
  'waiting-children',
]);

const isFunction = (v: unknown) => typeof v === 'function';
const isRecord = (v: unknown): v is Record<string, unknown> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const isInteger = (v: unknown, min: number, max: number) =>
  Number.isInteger(v) && (v as number) >= min && (v as number) <= max;

const isName = (v: unknown) => typeof v === 'string' && NAME.test(v);
const isQueueName = (v: unknown) => isName(v) && v !== HUBS_QUEUE;
const isJobName = (v: unknown) => typeof v === 'string' && JOB_NAME.test(v);
const isDuration = (v: unknown) => parseDuration(v) !== undefined;
const isPositiveDuration = (v: unknown) => (parseDuration(v) ?? 0) > 0;
const isPositiveInteger = (v: unknown) => isInteger(v, 1, Number.MAX_SAFE_INTEGER);
const isStoredBackoff = (v: unknown) => isRecord(v) && (isPause(v) || isDelays(v));

/** Every rule that options are checked with; written once. @internal */
export const rules = {
  queueName: {
    expected: `a queue name of 1 to 128 letters, digits, "_", "." or "-", and not "${HUBS_QUEUE}"`,
    accepts: isQueueName,
  },
  jobName: {
    expected: 'a job name of 1 to 256 letters, digits, "_", ".", "-", ":" or "/"',
    accepts: isJobName,
  },
  jobNames: {
    expected: 'a list of job names',
    accepts: (v) => Array.isArray(v) && v.every(isJobName),
  },
  jobId: {
    expected:
      'an id of 1 to 256 characters that is no integer and no word of BullMQ ("wait", "meta" …), without ":" and control characters',
    accepts: (v) =>
      typeof v === 'string' &&
      v.length >= 1 &&
      v.length <= 256 &&
      v.isWellFormed() &&
      !/^-?\d+$/.test(v) &&
      !RESERVED_IDS.has(v) &&
      !/[:\p{Cc}]/u.test(v),
  },
  key: {
    expected: 'a text of 1 to 256 characters, without control characters',
    accepts: (v) =>
      typeof v === 'string' &&
      v.length >= 1 &&
      v.length <= 256 &&
      v.isWellFormed() &&
      !/\p{Cc}/u.test(v),
  },
  duration: {
    expected: "a duration (milliseconds, '3 days' or 'PT1H') of at most 100 years",
    accepts: isDuration,
  },
  positiveDuration: {
    expected: "a duration above zero (milliseconds, '3 days' or 'PT1H') of at most 100 years",
    accepts: isPositiveDuration,
  },
  intervalInDriver: {
    expected: "a duration above zero (milliseconds, '3 days' or 'PT1H') of at most 24 days",
    accepts: (v) => isPositiveDuration(v) && parseDuration(v)! <= 24 * 24 * 3_600_000,
  },
  positiveInteger: {
    expected: 'a whole number of at least 1',
    accepts: isPositiveInteger,
  },
  priority: {
    expected: `a whole number from 1 to ${MAX_PRIORITY}`,
    accepts: (v) => isInteger(v, 1, MAX_PRIORITY),
  },
  cronDialect: {
    expected: "'unix' or 'quartz'",
    accepts: (v) => v === 'unix' || v === 'quartz',
  },
  boolean: { expected: 'true or false', accepts: (v) => typeof v === 'boolean' },
  callback: { expected: 'a function', accepts: isFunction },
  date: {
    expected: 'a valid Date',
    accepts: (v) => types.isDate(v) && !Number.isNaN(v.getTime()),
  },
  identifier: {
    expected: 'a name of 1 to 63 letters, digits or "_", not starting with a digit or "pg_"',
    accepts: (v) => typeof v === 'string' && /^(?!pg_)[A-Za-z_]\w{0,62}$/.test(v),
  },
  prefix: {
    expected: 'a prefix of 1 to 128 letters, digits, "_", ".", "-", ":" or braces',
    accepts: (v) => typeof v === 'string' && /^[\w.:{}-]{1,128}$/.test(v),
  },
  retention: {
    expected: 'true, false or { age?: duration, count?: whole number }',
    accepts: (v) =>
      typeof v === 'boolean' ||
      (isRecord(v) &&
        onlyKeys(v, ['age', 'count']) &&
        (v.age === undefined || isDuration(v.age)) &&
        (v.count === undefined || isInteger(v.count, 0, Number.MAX_SAFE_INTEGER))),
  },
  storedBackoff: {
    expected:
      "{ type: 'fixed' | 'exponential', delay?, maxDelay?, jitter?: 0 to 1 } or { type: 'delays', delays: [duration, …] }",
    accepts: isStoredBackoff,
  },
  backoff: {
    expected: "a function, { type: 'fixed' | 'exponential', … } or { type: 'delays', delays: […] }",
    accepts: (v) => isFunction(v) || isStoredBackoff(v),
  },
  schema: {
    expected: 'a Standard Schema (zod, valibot, arktype …), or a list with one for each argument',
    accepts: (v) =>
      Array.isArray(v) ? v.every((s) => s === undefined || isSchema(s)) : isSchema(v),
  },
  workers: {
    expected: 'true, false or a list of queue names',
    accepts: (v) => typeof v === 'boolean' || (Array.isArray(v) && v.every(isQueueName)),
  },
  rateLimit: {
    expected: '{ max: whole number, per: duration }',
    accepts: (v) =>
      isRecord(v) &&
      onlyKeys(v, ['max', 'per']) &&
      isPositiveInteger(v.max) &&
      isPositiveDuration(v.per),
  },
  contextCarrier: {
    expected: '{ capture: function, restore: function }',
    accepts: (v) => isRecord(v) && isFunction(v.capture) && isFunction(v.restore),
  },
  recurringId: {
    expected: 'an id of 1 to 128 letters, digits, "_", "." or "-"',
    accepts: isName,
  },
  calendars: {
    expected: 'calendars by name, each with a function excludes(), and excludedUntil() or none',
    accepts: (v) => isRecord(v) && Object.values(v).every(isCalendar),
  },
  continuationMoment: {
    expected: "'completed', 'failed' or 'finished'",
    accepts: (v) => v === 'completed' || v === 'failed' || v === 'finished',
  },
  record: { expected: 'an object', accepts: isRecord },
} satisfies Record<string, Rule>;

/**
 * Checks an object against a table of rules. Unknown keys are faults, with the nearest known one.
 * @param where what each message starts with, e.g. `JobsModule.forRoot()` or `EmailService.send`
 * @returns one line for each fault
 * @internal
 */
export function checkOptions(
  value: unknown,
  table: Readonly<Record<string, Rule>>,
  where: string,
): string[] {
  if (!isRecord(value) || kindOfOther(value) !== undefined) {
    const hint = isPromise(value) ? ': await it (an async function returns one)' : '';
    return [`${where}: expected an options object, got ${show(value)}${hint}`];
  }
  const problems: string[] = [];
  for (const [key, given] of Object.entries(value)) {
    const rule = Object.hasOwn(table, key) ? table[key] : undefined;
    if (rule === undefined) {
      const near = closest(key, Object.keys(table));
      problems.push(
        `${where}: unknown option ${show(key)}${near ? `; did you mean "${near}"?` : ''}`,
      );
    } else if (given !== undefined && rule.faults !== undefined) {
      problems.push(...rule.faults(given).map((fault) => `${where}: ${key}${fault}`));
    } else if (given !== undefined && !rule.accepts(given)) {
      const isHidden = rule.secret && typeof given === 'string';
      const got = isHidden ? 'a string (not shown: it may hold a password)' : show(given);
      problems.push(`${where}: "${key}" expected ${rule.expected}, got ${got}`);
    }
  }
  return problems;
}

/** A short, safe picture of a wrong value for a message. @internal */
export function show(value: unknown): string {
  if (typeof value === 'string') {
    // Hidden first: what is cut off could be what tells that the rest is a password.
    return JSON.stringify(shortened(hideSecrets(value), 60));
  }
  if (value === null || typeof value !== 'object')
    return typeof value === 'function' ? 'a function' : hideSecrets(String(value));
  if (Array.isArray(value)) return 'a list';
  const other = kindOfOther(value);
  if (other !== undefined) return other;
  if (value instanceof Date) return String(value);
  return `an object with the keys ${
    Object.keys(value).slice(0, 8).map(show).join(', ') || '(none)'
  }`;
}

function onlyKeys(value: Record<string, unknown>, allowed: readonly string[]): boolean {
  return Object.keys(value).every((key) => allowed.includes(key));
}

function isSchema(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  const standard = (value as { '~standard'?: { validate?: unknown } })['~standard'];
  return isFunction(standard?.validate);
}

function isCalendar(v: unknown): boolean {
  if (!isRecord(v) || !isFunction(v.excludes)) return false;
  return v.excludedUntil === undefined || isFunction(v.excludedUntil);
}

function isPause(v: Record<string, unknown>): boolean {
  return (
    (v.type === 'fixed' || v.type === 'exponential') &&
    onlyKeys(v, ['type', 'delay', 'maxDelay', 'jitter']) &&
    (v.delay === undefined || isDuration(v.delay)) &&
    (v.maxDelay === undefined || isDuration(v.maxDelay)) &&
    (v.jitter === undefined || (typeof v.jitter === 'number' && v.jitter >= 0 && v.jitter <= 1))
  );
}

function isDelays(v: Record<string, unknown>): boolean {
  return (
    v.type === 'delays' &&
    onlyKeys(v, ['type', 'delays']) &&
    Array.isArray(v.delays) &&
    v.delays.length > 0 &&
    v.delays.every(isDuration)
  );
}
