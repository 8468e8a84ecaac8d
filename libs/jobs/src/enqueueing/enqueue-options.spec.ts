import { describe, expect, it } from 'vitest';
import { InvalidEnqueueOptionsError } from '../errors/index.js';
import { readEnqueueOptions, readScheduleOptions } from './enqueue-options.js';

const location = { name: 'EmailService.send', queue: 'emails' };
const at = new Date(0);

function problemsOf(
  check: (options: never, where: typeof location, now: number) => void,
  options: unknown,
) {
  try {
    check(options as never, location, Date.now());
  } catch (error) {
    if (error instanceof InvalidEnqueueOptionsError) return error.problems;
    throw error;
  }
  return [];
}

describe('the options of enqueue()', () => {
  it('are fine when right', () => {
    const backoff = { type: 'fixed', delay: 5 };
    const all = {
      id: 'order-7',
      queue: 'a',
      attempts: 1,
      backoff,
      priority: 1,
      timeout: 5,
      lifo: true,
    };
    expect(problemsOf(readEnqueueOptions, all)).toEqual([]);
    expect(problemsOf(readEnqueueOptions, {})).toEqual([]);
    expect(problemsOf(readEnqueueOptions, { id: undefined })).toEqual([]);
  });

  it.each<[string, unknown]>([
    ['id', '123'],
    ['id', '-5'],
    ['id', 'a:b'],
    ['id', ''],
    ['id', 'a\0'],
    ['id', 'a\u0007'],
    ['id', '\uD800'],
    ['id', 5],
    ['id', 'x'.repeat(257)],
    ['queue', 'a:b'],
    ['attempts', 0],
    ['backoff', () => 5],
    ['priority', 2_097_152],
    ['timeout', 0],
    ['lifo', 1],
  ])('refuse %s: %j', (key, value) => {
    expect(problemsOf(readEnqueueOptions, { [key]: value })).toEqual([
      expect.stringContaining(`"${key}" expected`),
    ]);
  });

  it('know no delay: that is schedule()', () => {
    expect(problemsOf(readEnqueueOptions, { delay: 5 })).toEqual([
      expect.stringContaining('unknown option "delay"'),
    ]);
  });

  it('are reported with every fault, the job and its queue', () => {
    const options = { id: '1', attempts: 0, prority: 1 };
    expect(problemsOf(readEnqueueOptions, options)).toHaveLength(3);
    expect(() => readEnqueueOptions(options as never, location)).toThrow(
      /Cannot enqueue job "EmailService\.send" in queue "emails": .*"id".*"attempts".*did you mean "priority"/,
    );
  });

  it.each([null, 5, 'a', []])('cannot be %j', (options) => {
    expect(problemsOf(readEnqueueOptions, options)).not.toEqual([]);
  });
});

describe('the options of schedule()', () => {
  it.each([{ delay: 0 }, { delay: '3 days' }, { delay: 'PT1H', id: 'a' }, { at }])(
    'accept %j',
    (options) => {
      expect(problemsOf(readScheduleOptions, options)).toEqual([]);
    },
  );

  it.each<[string, unknown]>([
    ['neither delay nor at', {}],
    ['both delay and at', { delay: 5, at }],
  ])('refuse %s', (_what, options) => {
    expect(problemsOf(readScheduleOptions, options)).toEqual([
      'options: expected exactly one of "delay" and "at"',
    ]);
  });

  it.each<[string, unknown]>([
    ['a negative delay', { delay: -1 }],
    ['a delay that is no duration', { delay: 'soon' }],
    ['an endless delay', { delay: Number.POSITIVE_INFINITY }],
    ['NaN for a delay', { delay: Number.NaN }],
    ['null for a delay', { delay: null }],
    ['an invalid Date', { at: new Date(Number.NaN) }],
    ['a date as text', { at: '2026-01-01' }],
    ['a date as a number', { at: 5 }],
    ['null for a date', { at: null }],
    ['a wrong id', { delay: 5, id: '1' }],
  ])('refuse %s', (_what, options) => {
    expect(problemsOf(readScheduleOptions, options)).toEqual([expect.stringContaining('expected')]);
  });

  it.each([null, undefined, 5])('cannot be %j', (options) => {
    expect(problemsOf(readScheduleOptions, options)).not.toEqual([]);
  });

  it('are taken at the call: what becomes of them does not matter', () => {
    const delays = [1];
    const due = new Date(Date.now() + 60_000);
    const given = { at: due, backoff: { type: 'delays' as const, delays } };
    const { options, delayMs } = readScheduleOptions(given, location, Date.now());
    delays.push(2);
    due.setTime(0);
    expect(options.backoff).toEqual({ type: 'delays', delays: [1] });
    expect(delayMs).toBeGreaterThan(0);
  });

  it('count when they are inherited, as every other', () => {
    const given = Object.create({ attempts: 0 }) as object;
    expect(problemsOf(readEnqueueOptions, given)).toEqual([expect.stringContaining('"attempts"')]);
  });
});
