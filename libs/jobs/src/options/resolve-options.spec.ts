import { describe, expect, it } from 'vitest';
import { JobsConfigurationError } from '../errors/index.js';
import type { JobsModuleOptions } from './module-options.js';
import { DEFAULTS } from './defaults.js';
import { resolveOptions, resolveRetention } from './resolve-options.js';

const connection = 'redis://localhost:6379';

function problemsOf(options: unknown): readonly string[] {
  try {
    resolveOptions(options as JobsModuleOptions);
  } catch (error) {
    if (error instanceof JobsConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

describe('the options of forRoot()', () => {
  it('have the documented defaults', () => {
    expect(resolveOptions({ connection })).toEqual({
      connection,
      hasConnection: true,
      prefix: 'jobs',
      schema: 'jobs',
      migrate: true,
      queues: new Map(),
      workers: true,
      attempts: 10,
      backoff: { type: 'exponential', delay: 1_000, maxDelay: 3_600_000, jitter: 0.5 },
      timeoutMs: undefined,
      concurrency: 10,
      removeOnComplete: { ageMs: 86_400_000, count: 10_000 },
      removeOnFail: { ageMs: 604_800_000, count: 50_000 },
      maxPayloadBytes: 1_048_576,
      connectTimeoutMs: 10_000,
      enqueueTimeoutMs: 5_000,
      shutdownTimeoutMs: 30_000,
      abortTimeoutMs: 5_000,
      unknownNameTimeoutMs: 600_000,
      lockDurationMs: 15_000,
      sweepIntervalMs: 5_000,
      maxStalls: 5,
      context: undefined,
      recurring: { dialect: undefined },
      calendars: new Map(),
      globalEnhancers: false,
    });
  });

  it('keep what was given, durations in milliseconds', () => {
    const context = { capture: () => 1, restore: <R>(_: unknown, run: () => R) => run() };
    const backoff = { type: 'fixed' as const, delay: '5s' };
    expect(
      resolveOptions({
        connection,
        prefix: 'app',
        schema: 'app',
        migrate: false,
        workers: ['emails'],
        defaults: {
          attempts: 3,
          backoff,
          timeout: '1 min',
          removeOnComplete: false,
          removeOnFail: { age: '1 day' },
        },
        maxPayloadBytes: 500,
        connectTimeout: '1s',
        enqueueTimeout: '2s',
        shutdownTimeout: 0,
        abortTimeout: '4s',
        unknownNameTimeout: '5s',
        lock: { duration: '6s', sweep: '7s', maxStalls: 8 },
        context,
        globalEnhancers: true,
      }),
    ).toMatchObject({
      prefix: 'app',
      schema: 'app',
      migrate: false,
      workers: ['emails'],
      attempts: 3,
      backoff,
      timeoutMs: 60_000,
      removeOnComplete: { ageMs: undefined, count: undefined },
      removeOnFail: { ageMs: 86_400_000, count: undefined },
      maxPayloadBytes: 500,
      connectTimeoutMs: 1_000,
      enqueueTimeoutMs: 2_000,
      shutdownTimeoutMs: 0,
      abortTimeoutMs: 4_000,
      unknownNameTimeoutMs: 5_000,
      lockDurationMs: 6_000,
      sweepIntervalMs: 7_000,
      maxStalls: 8,
      context,
      globalEnhancers: true,
    });
  });

  it('give each queue the default concurrency, unless it has its own', () => {
    const { queues } = resolveOptions({
      connection,
      defaults: { concurrency: 4 },
      queues: { a: {}, b: { concurrency: 2, rateLimit: { max: 5, per: '1 min' } } },
    });
    expect(queues.get('a')).toEqual({ concurrency: 4, rateLimit: undefined });
    expect(queues.get('b')).toEqual({ concurrency: 2, rateLimit: { max: 5, perMs: 60_000 } });
  });

  it('are reported with every fault at once, at every depth', () => {
    const problems = problemsOf({
      connection: 'nowhere',
      conection: connection,
      prefix: 'a b',
      schema: '1a',
      migrate: 'yes',
      workers: 'emails',
      maxPayloadBytes: 0,
      connectTimeout: 0,
      shutdownTimeout: 'soon',
      context: {},
      globalEnhancers: 1,
      defaults: { attempts: 0, backof: {} },
      lock: { duration: 0, sweeep: 1 },
      queues: { 'a b': { concurrency: 0 }, b: { rateLimit: 5 }, c: null },
    });
    const expected = [
      'unknown option "conection"; did you mean "connection"?',
      '"connection" expected',
      '"prefix" expected',
      '"schema" expected',
      '"migrate" expected',
      '"workers" expected',
      '"maxPayloadBytes" expected',
      '"connectTimeout" expected',
      '"shutdownTimeout" expected',
      '"context" expected',
      '"globalEnhancers" expected',
      'defaults: "attempts" expected',
      'defaults: unknown option "backof"; did you mean "backoff"?',
      'lock: "duration" expected',
      'lock: unknown option "sweeep"; did you mean "sweep"?',
      'queues: expected a queue name',
      'queues.a b: "concurrency" expected',
      'queues.b: "rateLimit" expected',
      'queues.c: expected an options object, got null',
    ];
    expect(problems).toHaveLength(expected.length);
    for (const text of expected) {
      expect(problems).toContainEqual(expect.stringContaining(text));
    }
    for (const problem of problems) expect(problem).toMatch(/^JobsModule\.forRoot\(\)/);
  });

  it('are all in the message of the one error', () => {
    expect(() => resolveOptions({ connection, prefix: '', schema: '' })).toThrow(
      /2 problems[^]*"prefix"[^]*"schema"/,
    );
  });

  it.each(['', '  '])('take an address of %j for one that is not given', (blank) => {
    const { connection: file, hasConnection } = resolveOptions({ connection: blank });
    expect({ file, hasConnection }).toEqual({ file: DEFAULTS.connection, hasConnection: false });
    const postgres = { connection: 'postgres://localhost/db', directConnection: blank };
    expect(resolveOptions(postgres).directConnection).toBeUndefined();
  });

  it.each([[undefined], [null], [5], ['redis://localhost'], [[]]])('cannot be %j', (options) => {
    expect(problemsOf(options)).not.toEqual([]);
  });

  it.each([
    ['an unparsable URL', 'redis//user:hunter2@host'],
    ['a URL with a bad port', 'redis://user:hunter2@host:99999999'],
    ['a function', () => 'hunter2'],
    ['null', null],
  ])('refuse %s as connection without printing it', (_what, wrong) => {
    const problems = problemsOf({ connection: wrong });
    expect(problems).toContainEqual(expect.stringContaining('"connection" expected'));
    expect(problems.join('\n')).not.toContain('hunter2');
  });

  it('never print values of a connection object', () => {
    const problems = problemsOf({ connection: { password: 'hunter2' }, prefix: '' });
    expect(problems.join('\n')).not.toContain('hunter2');
  });
});

describe('a retention', () => {
  it.each([
    ['false, for ever', false, { ageMs: undefined, count: undefined }],
    ['true, at once, keeps a minute', true, { ageMs: 60_000, count: undefined }],
    ['an age below a minute keeps a minute', { age: 0 }, { ageMs: 60_000, count: undefined }],
    ['an age', { age: '2h' }, { ageMs: 7_200_000, count: undefined }],
    ['a count', { count: 5 }, { ageMs: undefined, count: 5 }],
    ['both', { age: '1h', count: 5 }, { ageMs: 3_600_000, count: 5 }],
    ['neither, for ever', {}, { ageMs: undefined, count: undefined }],
  ])('of %s', (_what, given, resolved) => {
    expect(resolveRetention(given)).toEqual(resolved);
  });
});
