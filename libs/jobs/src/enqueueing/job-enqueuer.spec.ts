import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { Handler, HandlerClass, HandlerRegistry } from '../discovery/index.js';
import {
  InvalidArgumentsError,
  InvalidEnqueueOptionsError,
  InvalidInvocationError,
  PayloadTooLargeError,
  UnserializableValueError,
} from '../errors/index.js';
import { resolveOptions, type JobsModuleOptions } from '../options/index.js';
import { restoreValue } from '../payload/index.js';
import { JobEnqueuer } from './job-enqueuer.js';
import type { JobReader } from './job-reader.js';
import { JobPreparer } from './job.preparer.js';
import type { PreparedJob } from './prepared-job.js';

class EmailService {
  send(_to: unknown): string {
    return 'sent';
  }
}

/** Keeps what would be stored. */
class RecordingEnqueuer extends JobEnqueuer {
  readonly jobs: PreparedJob[] = [];
  refuse: (job: PreparedJob) => Error | undefined = () => undefined;

  protected write(job: PreparedJob): Promise<void> {
    const error = this.refuse(job);
    if (error !== undefined) return Promise.reject(error);
    this.jobs.push(job);
    return Promise.resolve();
  }

  protected writeMany(jobs: readonly PreparedJob[]): Promise<PromiseSettledResult<void>[]> {
    return Promise.allSettled(jobs.map((job) => this.write(job)));
  }
}

function enqueuerWith(
  own: Partial<Handler> = {},
  module: JobsModuleOptions = {},
): RecordingEnqueuer {
  const options = resolveOptions({ connection: 'redis://localhost', ...module });
  const handler = {
    name: 'EmailService.send',
    queue: 'emails',
    attempts: 4,
    priority: undefined,
    schemas: [],
    removeOnComplete: options.removeOnComplete,
    removeOnFail: options.removeOnFail,
    ...own,
  } as unknown as Handler;
  const registry = {
    all: [handler],
    byName: (name: string) => (name === handler.name ? handler : undefined),
    byMethod: (_type: HandlerClass, method: string) => {
      if (method !== 'send') throw new InvalidInvocationError(`no ${method}`);
      return handler;
    },
  } as unknown as HandlerRegistry;
  const preparer = new JobPreparer(options, { clockOffset: 0 });
  return new RecordingEnqueuer({ registry, preparer, reader: {} as JobReader });
}

const NOW = 1_700_000_000_000;

describe('enqueueing', () => {
  let enqueuer: RecordingEnqueuer;

  beforeEach(() => {
    vi.useFakeTimers({ now: NOW });
    enqueuer = enqueuerWith();
  });
  afterEach(() => vi.useRealTimers());

  it('stores the call under its name, with an id of its own, and returns its handle', async () => {
    const handle = await enqueuer.enqueue(EmailService, (s) => s.send('a'));
    expect(enqueuer.jobs).toEqual([
      {
        queue: 'emails',
        name: 'EmailService.send',
        id: handle.id,
        data: { args: ['a'] },
        opts: expect.objectContaining({ attempts: 4 }) as object,
      },
    ]);
    expect(handle).toMatchObject({ queue: 'emails', name: 'EmailService.send' });
  });

  it('stores nothing that was not asked for', async () => {
    await enqueuer.enqueue(EmailService, (s) => s.send('a'));
    const stored = Object.keys(enqueuer.jobs[0]!.opts);
    expect(stored).not.toContain('delay');
    expect(stored).not.toContain('priority');
    expect(stored).not.toContain('lifo');
    expect(stored).not.toContain('timeoutMs');
  });

  it('lets the options of the call win over the handler’s', async () => {
    enqueuer = enqueuerWith({ priority: 9 });
    const backoff = { type: 'fixed' as const, delay: 5 };
    const options = {
      queue: 'other',
      attempts: 2,
      priority: 3,
      timeout: '1s',
      lifo: true,
      backoff,
    };
    const handle = await enqueuer.enqueue(EmailService, (s) => s.send('a'), options);
    expect(handle.queue).toBe('other');
    expect(enqueuer.jobs[0]).toMatchObject({
      queue: 'other',
      opts: {
        attempts: 2,
        priority: 3,
        timeoutMs: 1_000,
        lifo: true,
        backoff: { type: 'jobs', policy: backoff },
      },
    });
  });

  it('takes the priority of the handler where the call has none', async () => {
    enqueuer = enqueuerWith({ priority: 9 });
    await enqueuer.enqueue(EmailService, (s) => s.send('a'));
    expect(enqueuer.jobs[0]!.opts.priority).toBe(9);
  });

  it('marks a job with an own id, so that a duplicate can be told from a repeat', async () => {
    await enqueuer.enqueue(EmailService, (s) => s.send('a'), { id: 'order-7' });
    await enqueuer.enqueue(EmailService, (s) => s.send('a'), { id: 'order-7' });
    const [first, second] = enqueuer.jobs;
    expect(first).toMatchObject({ id: 'order-7' });
    expect(first!.data.nonce).toBeTypeOf('string');
    expect(first!.data.nonce).not.toBe(second!.data.nonce);
  });

  it.each<[string, (e: RecordingEnqueuer) => Promise<unknown>, new (...args: never[]) => Error]>([
    [
      'two calls',
      (e) => e.enqueue(EmailService, (s) => [s.send(1), s.send(2)]),
      InvalidInvocationError,
    ],
    [
      'a method that is no job',
      (e) => e.enqueue(EmailService, (s) => s.toString()),
      InvalidInvocationError,
    ],
    [
      'wrong options',
      (e) => e.enqueue(EmailService, (s) => s.send(1), { attempts: 0 }),
      InvalidEnqueueOptionsError,
    ],
    [
      'a function as argument',
      (e) => e.enqueue(EmailService, (s) => s.send(() => 1)),
      UnserializableValueError,
    ],
    [
      'a huge argument',
      (e) => e.enqueue(EmailService, (s) => s.send('x'.repeat(2e6))),
      PayloadTooLargeError,
    ],
    [
      'schedule() without a time',
      (e) => e.schedule(EmailService, (s) => s.send(1), {} as never),
      InvalidEnqueueOptionsError,
    ],
    ['a wrong name', (e) => e.enqueueByName('no name', []), InvalidEnqueueOptionsError],
    [
      'arguments that are no list',
      (e) => e.enqueueByName('Other.send', { 0: 1 } as never),
      InvalidEnqueueOptionsError,
    ],
    [
      'an endless delay by name',
      (e) => e.enqueueByName('Other.send', [], { delay: Infinity }),
      InvalidEnqueueOptionsError,
    ],
  ])('stores nothing of a call with %s', async (_what, act, error) => {
    await expect(act(enqueuer)).rejects.toBeInstanceOf(error);
    expect(enqueuer.jobs).toEqual([]);
  });

  it('names the job and its queue in a refusal', async () => {
    const call = enqueuer.enqueue(EmailService, (s) => s.send(() => 1));
    await expect(call).rejects.toThrow(/args\[0\] of job "EmailService\.send" in queue "emails"/);
  });

  it('checks the schema, and stores the arguments as they were given', async () => {
    enqueuer = enqueuerWith({ schemas: [z.coerce.number()] });
    await enqueuer.enqueue(EmailService, (s) => s.send('5'));
    expect(enqueuer.jobs[0]!.data.args).toEqual(['5']);
    const wrong = enqueuer.enqueue(EmailService, (s) => s.send('five'));
    await expect(wrong).rejects.toBeInstanceOf(InvalidArgumentsError);
    expect(enqueuer.jobs).toHaveLength(1);
  });

  describe('later', () => {
    it.each<[string, { delay: number | string } | { at: Date }, number | undefined]>([
      ['after a delay', { delay: '3 days' }, 259_200_000],
      ['at a moment', { at: new Date(NOW + 5_000) }, 5_000],
      ['at a moment in the past, which is now', { at: new Date(NOW - 5_000) }, undefined],
      ['at the start of time, which is now', { at: new Date(0) }, undefined],
      ['after no delay, which is now', { delay: 0 }, undefined],
    ])('%s', async (_what, options, delay) => {
      await enqueuer.schedule(EmailService, (s) => s.send('a'), options);
      expect(enqueuer.jobs[0]!.opts.delay).toBe(delay);
    });

    it('keeps the other options', async () => {
      await enqueuer.schedule(EmailService, (s) => s.send('a'), { delay: 5, id: 'x', priority: 7 });
      expect(enqueuer.jobs[0]).toMatchObject({ id: 'x', opts: { delay: 5, priority: 7 } });
    });
  });

  describe('by name', () => {
    it('stores a job of a handler in another service', async () => {
      const handle = await enqueuer.enqueueByName('billing.charge', [1, new Date(0)], {
        queue: 'billing',
      });
      expect(handle).toMatchObject({ queue: 'billing', name: 'billing.charge' });
      expect(enqueuer.jobs[0]).toMatchObject({
        name: 'billing.charge',
        queue: 'billing',
        opts: { attempts: 10 },
      });
    });

    it('goes to the default queue where none is named', async () => {
      expect((await enqueuer.enqueueByName('billing.charge', [])).queue).toBe('default');
    });

    it('uses the options of a handler that this process has', async () => {
      await enqueuer.enqueueByName('EmailService.send', ['a'], { delay: '1s' });
      expect(enqueuer.jobs[0]).toMatchObject({
        queue: 'emails',
        opts: { attempts: 4, delay: 1_000 },
      });
    });
  });

  describe('many', () => {
    it('answers each item on its own and in order', async () => {
      enqueuer.refuse = (job) => (job.data.args[0] === 3 ? new Error('store says no') : undefined);
      const items = [1, () => 1, 3, 4];
      const outcomes = await enqueuer.enqueueMany(EmailService, items, (s, item) => s.send(item));
      expect(outcomes.map((o) => o.status)).toEqual([
        'fulfilled',
        'rejected',
        'rejected',
        'fulfilled',
      ]);
      expect((outcomes[1] as PromiseRejectedResult).reason).toBeInstanceOf(
        UnserializableValueError,
      );
      expect((outcomes[2] as PromiseRejectedResult).reason).toEqual(new Error('store says no'));
      const ids = outcomes.map((o) => (o.status === 'fulfilled' ? o.value.id : undefined));
      expect([ids[0], ids[3]]).toEqual(enqueuer.jobs.map((job) => job.id));
      expect(enqueuer.jobs.map((job) => job.data.args)).toEqual([[1], [4]]);
    });

    it('takes any iterable, also an empty one', async () => {
      expect(
        await enqueuer.enqueueMany(EmailService, new Set<string>(), (s, i) => s.send(i)),
      ).toEqual([]);
      await enqueuer.enqueueMany(EmailService, new Set(['a', 'b']), (s, i) => s.send(i));
      expect(enqueuer.jobs.map((job) => job.data.args)).toEqual([['a'], ['b']]);
    });

    it('makes options for each item', async () => {
      const options = (item: string, index: number) => ({ id: `${item}-${index}` });
      await enqueuer.enqueueMany(EmailService, ['a', 'b'], (s, i) => s.send(i), options);
      expect(enqueuer.jobs.map((job) => job.id)).toEqual(['a-0', 'b-1']);
    });

    it('rejects one item alone when making its options throws, or makes none', async () => {
      const options = (item: string) => {
        if (item === 'bad') throw new Error('mine');
        return item === 'none' ? (undefined as never) : {};
      };
      const items = ['bad', 'none', 'good'];
      const outcomes = await enqueuer.enqueueMany(
        EmailService,
        items,
        (s, i) => s.send(i),
        options,
      );
      expect(outcomes.map((o) => o.status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    });
  });

  describe('with a context', () => {
    const restore = <R>(_: unknown, run: () => R) => run();

    it('captures it at enqueue', async () => {
      const captured = { tenant: 't1', since: new Date(0) };
      enqueuer = enqueuerWith({}, { context: { capture: () => captured, restore } });
      await enqueuer.enqueue(EmailService, (s) => s.send('a'));
      expect(restoreValue(enqueuer.jobs[0]!.data.context)).toEqual(captured);
    });

    it('stores nothing when there is nothing to carry', async () => {
      enqueuer = enqueuerWith({}, { context: { capture: () => undefined, restore } });
      await enqueuer.enqueue(EmailService, (s) => s.send('a'));
      expect(enqueuer.jobs[0]!.data).toEqual({ args: ['a'] });
    });

    it('refuses a live object in it, by its path', async () => {
      class Request {}
      const context = { capture: () => ({ request: new Request() }), restore };
      enqueuer = enqueuerWith({}, { context });
      const call = enqueuer.enqueue(EmailService, (s) => s.send('a'));
      await expect(call).rejects.toThrow(/context\.request .*got an instance of class Request/);
    });
  });
});
