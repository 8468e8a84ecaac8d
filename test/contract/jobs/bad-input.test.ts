import { Injectable } from '@nestjs/common';
import {
  InvalidEnqueueOptionsError,
  Job,
  PayloadTooLargeError,
  UnserializableValueError,
  type EnqueueOptions,
  type JobScheduler,
  type ScheduleOptions,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

@Injectable()
class Work {
  @Job({ queue: 'work' })
  measure(value: unknown): number {
    return typeof value === 'string' ? value.length : 0;
  }
}

class Order {
  total = 3;
}

const circular: Record<string, unknown> = { name: 'loop' };
circular.self = { deeper: circular };

const POLLUTING = '{"__proto__": {"polluted": true}}';
const MEBIBYTE = 2 ** 20;

/** One bad job must harm no other: the same application stores and runs the next one. */
async function expectGoodJobRuns(jobs: JobScheduler): Promise<void> {
  const good = await jobs.enqueue(Work, (s) => s.measure('good'));
  expect(await good.result()).toBe(4);
}

describeEngines('bad input', (engine) => {
  const boot = (options = {}) => createJobsApp(engine, { providers: [Work], options });

  it.each<[string, unknown, RegExp]>([
    ['a circular object', circular, /args\[0\]\.self\.deeper .*got a circular reference/],
    ['a function', { callback: () => 1 }, /args\[0\]\.callback .*got a function/],
    ['a class instance', [new Order()], /args\[0\]\[0\] .*got an instance of class Order/],
    ['a promise', Promise.resolve(1), /got a Promise \(did you forget an await\?\)/],
    ['a symbol', Symbol('s'), /got a symbol/],
    ['an invalid date', new Date(Number.NaN), /got an invalid Date/],
    ['text with NUL', { text: 'a\0b' }, /args\[0\]\.text .*got a string with a NUL character/],
    ['a key with NUL', { 'a\0b': 1 }, /got a key with a NUL character/],
    ['a lone surrogate', ['ok', 'a\uD800b'], /args\[0\]\[1\] .*lone surrogate/],
    ['a key __proto__', JSON.parse(POLLUTING), /args\[0\]\["__proto__"\] .*replace a prototype/],
    [
      'a deep key __proto__ beside rich values',
      { at: new Date(0), list: [JSON.parse(POLLUTING)] },
      /args\[0\]\.list\[0\]\["__proto__"\] .*replace a prototype/,
    ],
  ])('refuses an argument with %s, and says where it is', async (_kind, value, message) => {
    const prototypeKeys = Reflect.ownKeys(Object.prototype);
    const { jobs } = await boot();
    const error = await jobs.enqueue(Work, (s) => s.measure(value)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UnserializableValueError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain('job "Work.measure" in queue "work"');
    expect(Reflect.ownKeys(Object.prototype)).toEqual(prototypeKeys);
    expect({}).not.toHaveProperty('polluted');
    await expectGoodJobRuns(jobs);
  });

  it('refuses 10 MB, naming the size and the limit', async () => {
    const { jobs } = await boot();
    const text = 'x'.repeat(10 * MEBIBYTE);
    const error = await jobs.enqueue(Work, (s) => s.measure(text)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(PayloadTooLargeError);
    const { bytes, limit, message } = error as PayloadTooLargeError;
    expect(limit).toBe(MEBIBYTE);
    expect(bytes).toBeGreaterThan(10 * MEBIBYTE);
    expect(bytes).toBeLessThan(10 * MEBIBYTE + 100);
    expect(message).toContain(`take ${bytes} bytes, more than the limit of ${limit}`);
    await expectGoodJobRuns(jobs);
  });

  it('stores and runs what a raised limit allows', async () => {
    const text = 'x'.repeat(1.5 * MEBIBYTE);
    const usual = await boot();
    await expect(usual.jobs.enqueue(Work, (s) => s.measure(text))).rejects.toThrow(
      PayloadTooLargeError,
    );
    const { jobs } = await boot({ maxPayloadBytes: 2 * MEBIBYTE });
    const handle = await jobs.enqueue(Work, (s) => s.measure(text));
    expect(await handle.result()).toBe(text.length);
    expect((await handle.details()).args).toEqual([text]);
    await expect(jobs.enqueue(Work, (s) => s.measure(text + text))).rejects.toThrow(
      `more than the limit of ${2 * MEBIBYTE}`,
    );
    await expectGoodJobRuns(jobs);
  });

  it('counts bytes, not characters', async () => {
    const { jobs } = await boot({ maxPayloadBytes: 1_000 });
    expect(await (await jobs.enqueue(Work, (s) => s.measure('x'.repeat(900)))).result()).toBe(900);
    await expect(jobs.enqueue(Work, (s) => s.measure('€'.repeat(400)))).rejects.toThrow(
      PayloadTooLargeError,
    );
    await expectGoodJobRuns(jobs);
  });

  it.each<[string, EnqueueOptions, RegExp]>([
    ['a bad queue name', { queue: 'no spaces: or colons' }, /"queue" expected a queue name/],
    ['an empty queue name', { queue: '' }, /"queue" expected a queue name/],
    ['an id with a colon', { id: 'order:7' }, /"id" expected an id .*got "order:7"/],
    ['an integer as id', { id: '42' }, /"id" expected an id .*got "42"/],
    ['a number as id', { id: 42 as never }, /"id" expected an id .*got 42/],
    ['no attempts', { attempts: 0 }, /"attempts" expected a whole number of at least 1, got 0/],
    ['priority 0', { priority: 0 }, /"priority" expected a whole number from 1/],
    [
      'a misspelt key',
      { priorty: 1 } as never,
      /unknown option "priorty"; did you mean "priority"/,
    ],
    ['a key of BullMQ', { jobId: 'x' } as never, /unknown option "jobId"/],
  ])('refuses %s among the options', async (_kind, options, message) => {
    const { jobs } = await boot();
    const error = await jobs
      .enqueue(Work, (s) => s.measure('bad'), options)
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvalidEnqueueOptionsError);
    expect((error as Error).message).toMatch(message);
    await expect(jobs.enqueueByName('Work.measure', ['bad'], options)).rejects.toThrow(message);
    await expectGoodJobRuns(jobs);
  });

  it.each<[string, ScheduleOptions, RegExp]>([
    ['a negative delay', { delay: -1 }, /"delay" expected a duration .*got -1/],
    ['an endless delay', { delay: Number.POSITIVE_INFINITY }, /"delay" expected a duration/],
    ['a delay in no known unit', { delay: '3 fortnights' }, /"delay" expected a duration/],
    ['an invalid date', { at: new Date('soon') }, /"at" expected a valid Date/],
    ['no moment', {} as never, /expected exactly one of "delay" and "at"/],
    ['two moments', { delay: 1, at: new Date() } as never, /exactly one of "delay" and "at"/],
    ['a misspelt key', { dealy: 5, delay: 5 } as never, /"dealy"; did you mean "delay"/],
  ])('refuses %s in a schedule', async (_kind, options, message) => {
    const { jobs } = await boot();
    const error = await jobs
      .schedule(Work, (s) => s.measure('bad'), options)
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvalidEnqueueOptionsError);
    expect((error as Error).message).toMatch(message);
    await expectGoodJobRuns(jobs);
  });

  it.each([new Date(0), new Date(Date.now() - 60_000)])(
    'runs what was due in the past (%s) now',
    async (at) => {
      const { jobs } = await boot();
      const handle = await jobs.schedule(Work, (s) => s.measure('late'), { at });
      expect(await handle.result({ timeout: 5_000 })).toBe(4);
      await expectGoodJobRuns(jobs);
    },
  );

  it('stores the good ones of many', async () => {
    const { jobs } = await boot();
    const values = ['one', circular, 'three', 'a\0b', 'x'.repeat(2 * MEBIBYTE), 'eleven'];
    const outcomes = await jobs.enqueueMany(Work, values, (s, value) => s.measure(value));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    const stored = outcomes.flatMap((o) => (o.status === 'fulfilled' ? [o.value] : []));
    expect(await Promise.all(stored.map((handle) => handle.result()))).toEqual([3, 5, 6]);
  });
});
