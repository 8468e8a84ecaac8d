import { parseDuration } from './duration.js';
import type { ConcurrencyOptions, RateLimitOptions, UniqueOptions } from './limit-options.js';
import { checkOptions, rules, type Rule, type Rules } from './option-rules.js';

/** More than this is no limit. */
const LARGEST_LIMIT = 1_000_000;

const LONGEST_KEY = 256;

const isFunction = (v: unknown) => typeof v === 'function';
const isKey = (v: unknown) =>
  typeof v === 'number'
    ? Number.isFinite(v)
    : typeof v === 'string' &&
      v.length >= 1 &&
      v.length <= LONGEST_KEY &&
      v.isWellFormed() &&
      !/\p{Cc}/u.test(v);
const isLimit = (v: unknown) =>
  Number.isInteger(v) && (v as number) >= 1 && (v as number) <= LARGEST_LIMIT;

const key: Rule = {
  expected: `a number, or a text of 1 to ${LONGEST_KEY} characters without control characters`,
  accepts: isKey,
};
const keyOrFunction: Rule = {
  expected: `${key.expected}, or a function of the arguments that returns one`,
  accepts: (v) => isFunction(v) || isKey(v),
};
const limit: Rule = {
  expected: 'a whole number from 1 to 1,000,000',
  accepts: isLimit,
};

const oneOf = (...words: string[]): Rule => ({
  expected: words.map((word) => `'${word}'`).join(' or '),
  accepts: (v) => words.includes(v as string),
});

const CONCURRENCY: Rules<ConcurrencyOptions> = {
  key: keyOrFunction,
  limit: {
    expected: `${limit.expected}, or a function of the key that returns one`,
    accepts: (v) => isFunction(v) || isLimit(v),
  },
  onLimit: oneOf('wait', 'skip'),
  group: rules.jobName,
};

const RATE: Rules<RateLimitOptions> = {
  key: keyOrFunction,
  max: limit,
  per: rules.positiveDuration,
  group: rules.jobName,
};

const UNIQUE: Rules<UniqueOptions> = {
  key: keyOrFunction,
  for: {
    expected: "'until-started', 'until-finished' or a duration above zero",
    accepts: (v) => v === 'until-started' || v === 'until-finished' || (parseDuration(v) ?? 0) > 0,
  },
  onDuplicate: oneOf('skip', 'replace', 'reschedule', 'throw'),
};

/** The rules of limits; each says in words what its parts are. @internal */
export const LIMIT_RULES = {
  key,
  limit,
  concurrency: {
    expected: `{ key?: text, number or function, limit?: 1 to 1,000,000 or function, onLimit?: 'wait' | 'skip', group?: text }`,
    accepts: (v) => checkOptions(v, CONCURRENCY, '').length === 0,
    faults: (v) => checkOptions(v, CONCURRENCY, ''),
  },
  rateLimit: {
    expected:
      '{ max: 1 to 1,000,000, per: duration, key?: text, number or function, group?: text }',
    accepts: (v) => rateFaults(v).length === 0,
    faults: rateFaults,
  },
  unique: {
    expected:
      "{ key?: text, number or function, for?: 'until-started' | 'until-finished' | duration, " +
      "onDuplicate?: 'skip' | 'replace' | 'reschedule' | 'throw' }",
    accepts: (v) => checkOptions(v, UNIQUE, '').length === 0,
    faults: (v) => checkOptions(v, UNIQUE, ''),
  },
} satisfies Record<string, Rule>;

function rateFaults(value: unknown): string[] {
  const faults = checkOptions(value, RATE, '');
  if (faults.length > 0) return faults;
  const missing = (['max', 'per'] as const).filter(
    (name) => (value as Record<string, unknown>)[name] === undefined,
  );
  return missing.map((name) => `: "${name}" expected ${RATE[name].expected}, got undefined`);
}
