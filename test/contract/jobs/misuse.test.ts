import { Injectable } from '@nestjs/common';
import {
  InvalidBatchError,
  InvalidEnqueueOptionsError,
  InvalidInvocationError,
  InvalidLimitError,
  Job,
  type JobScheduler,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

@Injectable()
class Work {
  @Job()
  run(item: unknown): unknown {
    return item;
  }
}

/** What the compiler forbids, and JavaScript or an `as any` does all the same. */
const wrong = (value: unknown) => value as never;

async function* later(): AsyncGenerator<number> {
  yield await Promise.resolve(1);
}

const NO_ITEMS: readonly [string, () => unknown, RegExp][] = [
  ['a promise', () => Promise.resolve([1]), /expected an iterable, got a Promise: await it/],
  ['an async generator', later, /expected an iterable, got an async one: collect its items/],
  ['a number', () => 5, /expected an iterable, got 5/],
  ['null', () => null, /expected an iterable, got null/],
  ['an object', () => ({ length: 2 }), /expected an iterable, got an object with/],
];

/** @returns what it rejects with, or throws */
async function failureOf(work: () => unknown): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('not refused');
}

describeEngines('a call that JavaScript lets pass', (engine) => {
  const boot = async (): Promise<JobScheduler> =>
    (await createJobsApp(engine, { providers: [Work] })).jobs;

  it.each(NO_ITEMS)('is refused by enqueueMany() for %s', async (_what, items, message) => {
    const jobs = await boot();
    const error = await failureOf(() =>
      jobs.enqueueMany(Work, wrong(items()), (s, item) => s.run(item)),
    );
    expect(error).toBeInstanceOf(InvalidInvocationError);
    expect(error.message).toMatch(message);
  });

  it('is refused by a batch, with every fault of it', async () => {
    const jobs = await boot();
    const error = await failureOf(() =>
      jobs.batch((batch) => {
        for (const [, items] of NO_ITEMS)
          batch.enqueueMany(Work, wrong(items()), (s, item) => s.run(item));
        batch.batch(wrong(null));
        batch.enqueue(Work, (s) => s.run(1), { id: wrong(1) });
      }),
    );
    expect(error).toBeInstanceOf(InvalidBatchError);
    for (const [, , message] of NO_ITEMS) expect(error.message).toMatch(message);
    expect(error.message).toMatch(/batch 1, callback: Expected a callback .*got null/);
    expect((error as InvalidBatchError).faults).toHaveLength(NO_ITEMS.length + 2);
  });

  it.each([undefined, null, [], {}])('is refused by batch(%o)', async (build) => {
    const jobs = await boot();
    const error = await failureOf(() => jobs.batch(wrong(build)));
    expect(error).toBeInstanceOf(InvalidBatchError);
    expect(error.message).toMatch(/Expected a callback as in batch\(\(b\) => .*, got /);
  });

  it('is refused for each item where there is no callback', async () => {
    const jobs = await boot();
    const [outcome] = await jobs.enqueueMany(Work, [1], wrong(undefined));
    const reason = outcome?.status === 'rejected' ? (outcome.reason as Error) : undefined;
    expect(reason).toBeInstanceOf(InvalidInvocationError);
    const error = await failureOf(() =>
      jobs.batch((batch) => batch.enqueueMany(Work, [1], wrong(undefined))),
    );
    expect(error.message).toMatch(/job 1: Expected a callback/);
  });

  it.each(['hello', undefined, null, { 0: 1 }])(
    'is refused by enqueueByName() with %o for the arguments, of a handler that is known here',
    async (args) => {
      const jobs = await boot();
      const error = await failureOf(() => jobs.enqueueByName('Work.run', wrong(args)));
      expect(error).toBeInstanceOf(InvalidEnqueueOptionsError);
      expect(error.message).toMatch(/expected a list of arguments, got/);
    },
  );

  it('is named by what waits, for options that are none', async () => {
    const jobs = await boot();
    const job = await jobs.schedule(Work, (s) => s.run(1), { delay: '1 h' });
    const batch = await jobs.batch((b) => b.schedule(Work, (s) => s.run(1), { delay: '1 h' }));
    for (const [call, wait] of [
      ['result()', (options: unknown) => job.result(wrong(options))],
      ['finished()', (options: unknown) => batch.finished(wrong(options))],
    ] as const) {
      for (const [options, message] of [
        [null, 'expected an options object, got null'],
        [{ timeout: 'soon' }, '"timeout" expected'],
        [{ signal: 5 }, '"signal" expected an AbortSignal, got 5'],
        [{ timout: 5 }, 'did you mean "timeout"?'],
      ] as const) {
        const error = await failureOf(() => wait(options));
        expect(error).toBeInstanceOf(TypeError);
        expect(error.message).toContain(call);
        expect(error.message).toContain(message);
      }
    }
  });

  it('is told in words of limits where limits are changed', async () => {
    const jobs = await boot();
    for (const error of [
      await failureOf(() => jobs.limits.set(Work, wrong('nope'), { limit: 1 })),
      await failureOf(() => jobs.limits.get(Work, wrong('nope'))),
      await failureOf(() => jobs.limits.reset(Work, wrong('nope'))),
    ]) {
      expect(error).toBeInstanceOf(InvalidInvocationError);
      expect(error.message).toMatch(/^Cannot find the limits of Work.nope: /);
    }
    const error = await failureOf(() => jobs.limits.set(Work, 'run', { limit: 1 }));
    expect(error).toBeInstanceOf(InvalidLimitError);
  });

  it.each(['', 'a\0', 'meta', 'x'.repeat(5_000), null, 5])('finds no batch %j', async (id) => {
    const jobs = await boot();
    expect(await jobs.batches.get(wrong(id))).toBeUndefined();
  });
});
