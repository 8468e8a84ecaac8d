import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkOptions, rules, show, type Rules } from './option-rules.js';

type RuleName = keyof typeof rules;

const schema = z.string();
const nothing = () => undefined;

/** For each rule: what it must accept, and what it must refuse. */
const CASES: Record<RuleName, { good: unknown[]; bad: unknown[] }> = {
  queueName: {
    good: ['a', 'emails', 'A.b_c-9', 'q'.repeat(128)],
    bad: ['', 'q'.repeat(129), 'a:b', 'a b', 'ü', 'a\0', 'a\n', '{a}', "a'b", 7, null],
  },
  jobName: {
    good: ['a', 'EmailService.send', 'v1:mail/send', 'n'.repeat(256)],
    bad: ['', 'n'.repeat(257), 'a b', 'a\0', 'a\n', 7, undefined],
  },
  jobNames: { good: [[], ['a', 'b.c']], bad: ['a', [''], ['a', 7], { 0: 'a' }] },
  jobId: {
    good: ['a', 'order-7', '7a', '1.5', 'x'.repeat(256), 'Bestellung ü', '😀'],
    bad: ['', '7', '-7', '007', 'a:b', 'a\0', 'a\n', '\u007F', '\uD800', 'x'.repeat(257), 7],
  },
  key: {
    good: ['a', '7', 'order:42', 'x'.repeat(256), 'Mahnung ü', '😀'],
    bad: ['', 'a\0', 'a\n', '\uD800', 'x'.repeat(257), 7, null],
  },
  duration: { good: [0, 1, '3 days', 'PT1H'], bad: [-1, '-1s', 'soon', Number.NaN, null, {}] },
  positiveDuration: { good: [1, '1ms', 'PT1S'], bad: [0, '0s', 'PT0S', -1, 'soon', null] },
  intervalInDriver: { good: [1, '24 days', 'PT1H'], bad: [0, '25 days', 'never', null] },
  positiveInteger: { good: [1, 1e6], bad: [0, -1, 1.5, Number.POSITIVE_INFINITY, '1', 2 ** 53] },
  priority: { good: [1, 2_097_151], bad: [0, 2_097_152, 1.5, '1'] },
  cronDialect: { good: ['unix', 'quartz'], bad: ['Quartz', '', undefined, 5] },
  boolean: { good: [true, false], bad: [0, 'true', null] },
  callback: { good: [nothing, class {}], bad: ['f', {}, null] },
  date: { good: [new Date(0)], bad: [new Date(Number.NaN), 0, '2026-01-01'] },
  identifier: {
    good: ['jobs', '_a1', 'J'.repeat(63)],
    bad: ['', '1a', 'a-b', 'a"b', 'pg_jobs', 'J'.repeat(64), 5],
  },
  prefix: { good: ['jobs', '{app}:jobs'], bad: ['', 'a b', 'a*', 'p'.repeat(129), 5] },
  retention: {
    good: [true, false, {}, { age: '1 day' }, { count: 0 }, { age: 5, count: 5 }],
    bad: ['1 day', 5, null, [], { age: 'soon' }, { count: -1 }, { count: 1.5 }, { days: 3 }],
  },
  storedBackoff: {
    good: [
      { type: 'fixed' },
      { type: 'exponential', delay: '1s', maxDelay: '1h', jitter: 0 },
      { type: 'delays', delays: [0, '1 min'] },
    ],
    bad: [
      nothing,
      {},
      { type: 'linear' },
      { type: 'fixed', delay: 'soon' },
      { type: 'fixed', maxDelay: -1 },
      { type: 'fixed', jitter: 1.1 },
      { type: 'fixed', jitter: -0.1 },
      { type: 'fixed', jitter: Number.NaN },
      { type: 'fixed', dely: 5 },
      { type: 'delays', delays: [] },
      { type: 'delays', delays: ['soon'] },
      { type: 'delays' },
      { type: 'delays', delays: [1], jitter: 1 },
      1_000,
      null,
    ],
  },
  backoff: { good: [nothing, { type: 'fixed' }], bad: ['fixed', { type: 'linear' }, 5] },
  schema: {
    good: [schema, [schema, undefined], []],
    bad: [{}, nothing, [schema, {}], null, { '~standard': {} }, 'string'],
  },
  recurringId: { good: ['nightly-report', 'Report.generate'], bad: ['', 'a b', 'a:b', 'a@1', 7] },
  calendars: {
    good: [{}, { holidays: { excludes: () => false } }],
    bad: [
      [],
      { holidays: {} },
      { holidays: { excludes: true } },
      { holidays: { excludes: () => true, excludedUntil: 5 } },
      'holidays',
    ],
  },
  workers: { good: [true, false, [], ['emails']], bad: ['emails', ['a b'], [7], null] },
  rateLimit: {
    good: [{ max: 1, per: '1s' }],
    bad: [
      { max: 1 },
      { per: 5 },
      { max: 0, per: 5 },
      { max: 1, per: 0 },
      { max: 1, per: 1, x: 1 },
      5,
    ],
  },
  contextCarrier: {
    good: [{ capture: nothing, restore: nothing }],
    bad: [{ capture: nothing }, { restore: nothing }, nothing, null],
  },
  continuationMoment: {
    good: ['completed', 'failed', 'finished'],
    bad: ['success', 'all', true, null],
  },
  record: { good: [{}], bad: [[], null, 'a', nothing] },
};

describe.each(Object.entries(CASES))('the rule %s', (name, { good, bad }) => {
  const rule = rules[name as RuleName];

  it.each(good.map((value) => [picture(value), value]))('accepts %s', (_picture, value) => {
    expect(rule.accepts(value)).toBe(true);
  });

  it.each(bad.map((value) => [picture(value), value]))('refuses %s', (_picture, value) => {
    expect(rule.accepts(value)).toBe(false);
  });
});

describe('checking options', () => {
  const table = { attempts: rules.positiveInteger, timeout: rules.duration };

  it('finds nothing wrong with good, absent and undefined options', () => {
    expect(checkOptions({}, table, 'here')).toEqual([]);
    expect(checkOptions({ attempts: 3, timeout: undefined }, table, 'here')).toEqual([]);
  });

  it('says where, which, what was expected and what was given', () => {
    expect(checkOptions({ attempts: '3' }, table, 'EmailService.send')).toEqual([
      'EmailService.send: "attempts" expected a whole number of at least 1, got "3"',
    ]);
  });

  it('reports every fault, not only the first', () => {
    expect(checkOptions({ attempts: 0, timeout: 'soon', colour: 1 }, table, 'here')).toHaveLength(
      3,
    );
  });

  it('offers the option that was probably meant', () => {
    expect(checkOptions({ atempts: 3 }, table, 'here')).toEqual([
      'here: unknown option "atempts"; did you mean "attempts"?',
    ]);
  });

  it('knows no option that every object inherits', () => {
    expect(checkOptions({ constructor: 3, toString: 3 }, table, 'here')).toEqual([
      expect.stringContaining('unknown option "constructor"'),
      expect.stringContaining('unknown option "toString"'),
    ]);
  });

  it.each([null, 5, 'attempts', [], () => undefined])('refuses %s in place of options', (value) => {
    expect(checkOptions(value, table, 'here')).toEqual([
      expect.stringContaining('expected an options object'),
    ]);
  });

  it('never prints a value that may hold a password', () => {
    const secret = { connection: { ...rules.boolean, secret: true } };
    const [problem] = checkOptions({ connection: 'redis://u:hunter2@h' }, secret, 'here');
    expect(problem).toContain('a string (not shown');
    expect(problem).not.toContain('hunter2');
  });
});

describe('the picture of a wrong value', () => {
  it.each<[unknown, string]>([
    ['soon', '"soon"'],
    [null, 'null'],
    [undefined, 'undefined'],
    [5n, '5'],
    [Symbol('s'), 'Symbol(s)'],
    [nothing, 'a function'],
    [[1], 'a list'],
    [{ a: 1, b: 2 }, 'an object with the keys "a", "b"'],
    [{}, 'an object with the keys (none)'],
    [new Date(Number.NaN), 'Invalid Date'],
  ])('of %s', (value, text) => {
    expect(show(value)).toBe(text);
  });

  it('is short, whatever the value', () => {
    expect(show('x'.repeat(10_000)).length).toBeLessThan(80);
    const keys = Array.from({ length: 1_000 }, (_, i) => [`key${i}`, i]);
    expect(show(Object.fromEntries(keys)).length).toBeLessThan(200);
  });
});

function picture(value: unknown): string {
  return Array.isArray(value) ? JSON.stringify(value) : show(value);
}

describe('a table of rules', () => {
  it('has a rule for each option, and none for others', () => {
    interface Options {
      given: number;
      left?: string;
    }
    const all: Rules<Options> = { given: rules.positiveInteger, left: rules.key };
    // @ts-expect-error an option without a rule
    const missing: Rules<Options> = { given: rules.positiveInteger };
    // @ts-expect-error a rule of no option
    const more: Rules<Options> = { ...all, lost: rules.key };
    expect([all, missing, more].map((table) => Object.keys(table).length)).toEqual([2, 1, 3]);
  });
});
