import { Injectable } from '@nestjs/common';
import {
  BatchNotFoundError,
  DuplicateJobError,
  InvalidBatchError,
  Job,
  JobCancelledError,
  JobContext,
  JobScheduler,
  ResultTimeoutError,
  type BatchHandle,
  type BatchResult,
  type BatchSummary,
  type JobHandle,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

@Injectable()
class Work {
  readonly gate = signal();
  readonly started = signal();
  readonly aborted = signal();
  readonly ran: unknown[] = [];
  failures = Infinity;

  constructor(private readonly context: JobContext) {}

  @Job({ queue: 'work' })
  async double(value: number): Promise<{ doubled: number; at: Date }> {
    this.ran.push(value);
    return { doubled: 2 * value, at: new Date(0) };
  }

  @Job({ queue: 'work' })
  async wait(): Promise<string> {
    this.started.resolve();
    const { signal: abort } = this.context;
    abort.addEventListener('abort', () => this.aborted.resolve());
    await Promise.race([this.gate.promise, this.aborted.promise]);
    abort.throwIfAborted();
    return 'waited';
  }

  @Job({ queue: 'other', attempts: 1 })
  async fail(): Promise<string> {
    if (this.failures-- > 0) throw new RangeError('too far');
    return 'at last';
  }
}

@Injectable()
class Ends {
  readonly told: { event: string; batch: BatchSummary; extra: unknown }[] = [];
  readonly done = signal();
  readonly read = signal<readonly BatchResult[]>();

  constructor(private readonly jobs: JobScheduler) {}

  @Job({ queue: 'ends' })
  async note(event: string, batch: BatchSummary, extra?: unknown): Promise<void> {
    this.told.push({ event, batch, extra });
    if (event === 'finished') this.done.resolve();
  }

  @Job({ queue: 'ends' })
  async collect(id: string): Promise<void> {
    this.read.resolve(await all((await this.jobs.batches.get(id))!));
  }

  get events(): readonly string[] {
    return this.told.map(({ event }) => event).toSorted();
  }
}

async function all(batch: BatchHandle): Promise<readonly BatchResult[]> {
  const results: BatchResult[] = [];
  for await (const result of batch.results()) results.push(result);
  return results;
}

describeEngines('batches', (engine) => {
  const boot = async (options = {}) => {
    const app = await createJobsApp(engine, {
      providers: [Work, Ends],
      options: { lock: { duration: '2s', sweep: 200 }, ...options },
    });
    return { ...app, work: app.module.get(Work), ends: app.module.get(Ends) };
  };

  /** Continuations that note each end. */
  const noting = {
    onCompleted: [Ends, (s: Ends, b: BatchSummary) => s.note('completed', b)],
    onFailed: [Ends, (s: Ends, b: BatchSummary) => s.note('failed', b)],
    onFinished: [Ends, (s: Ends, b: BatchSummary) => s.note('finished', b, b.completed)],
  } as const;

  it('continues once when all jobs have completed, with the summary, and knows the results', async () => {
    const { jobs, ends } = await boot();
    const batch = await jobs.batch(
      async (b) => {
        b.enqueue(Work, (s) => s.double(1));
        await Promise.resolve();
        b.schedule(Work, (s) => s.double(2), { delay: 50 });
        b.enqueueMany(
          Work,
          [3, 4],
          (s, value) => s.double(value),
          (value) => ({ id: `n-${value}` }),
        );
      },
      { name: 'numbers', ...noting },
    );
    const summary = await batch.finished();
    expect(summary).toEqual({
      id: batch.id,
      name: 'numbers',
      state: 'completed',
      total: 4,
      completed: 4,
      failed: 0,
      cancelled: 0,
      createdAt: expect.any(Date),
      finishedAt: expect.any(Date),
    });
    await ends.done.promise;
    await expect.poll(() => ends.events).toEqual(['completed', 'finished']);
    expect(ends.told.find(({ event }) => event === 'finished')).toEqual({
      event: 'finished',
      batch: summary,
      extra: 4,
    });
    expect(await batch.state()).toBe('completed');
    const results = await all(batch);
    expect(results.every(({ queue, state }) => queue === 'work' && state === 'completed')).toBe(
      true,
    );
    const values = results.map((r) => (r as { result: { doubled: number } }).result.doubled);
    expect(values.toSorted((a, b) => a - b)).toEqual([2, 4, 6, 8]);
    expect((results[0] as { result: { at: Date } }).result.at).toEqual(new Date(0));
  });

  it('waits for the last job, and tells its progress meanwhile', async () => {
    const { jobs, work, ends } = await boot();
    const batch = await jobs.batch((b) => {
      b.enqueueMany(Work, [1, 2], (s, value) => s.double(value));
      b.enqueue(Work, (s) => s.wait());
      b.enqueue(Work, (s) => s.fail());
    }, noting);
    await expect
      .poll(() => batch.progress())
      .toEqual({ total: 4, completed: 2, failed: 1, cancelled: 0, pending: 1 });
    expect(await batch.state()).toBe('running');
    expect(await all(batch)).toHaveLength(3);
    await expect(batch.finished({ timeout: 20 })).rejects.toThrow(ResultTimeoutError);
    expect(ends.events).toEqual([]);
    work.gate.resolve();
    expect(await batch.finished()).toMatchObject({ state: 'failed', completed: 3, failed: 1 });
    await ends.done.promise;
    await expect.poll(() => ends.events).toEqual(['failed', 'finished']);
    expect((await all(batch)).find(({ state }) => state === 'failed')).toEqual({
      queue: 'other',
      id: expect.any(String),
      state: 'failed',
      error: 'too far',
    });
  });

  it('gives handles of its jobs', async () => {
    const { jobs } = await boot();
    let one!: ReturnType<typeof jobs.enqueue> extends Promise<infer H> ? H : never;
    await jobs.batch((b) => (one = b.enqueue(Work, (s) => s.double(21), { id: 'answer' })));
    expect(one).toMatchObject({ id: 'answer', queue: 'work', name: 'Work.double' });
    expect(await one.result()).toMatchObject({ doubled: 42 });
  });

  it('has jobs that others can follow, beside the batch itself', async () => {
    const { jobs, ends } = await boot();
    let one!: JobHandle<{ doubled: number; at: Date }>;
    const batch = await jobs.batch((b) => (one = b.enqueue(Work, (s) => s.double(21))), noting);
    const next = await jobs.continueWith(one, Work, (s, before) => s.double(before.doubled));
    expect(await next.result()).toMatchObject({ doubled: 84 });
    expect(await batch.finished()).toMatchObject({ total: 1, completed: 1 });
    await ends.done.promise;

    const waiting = await jobs.batch(
      (b) => (one = b.schedule(Work, (s) => s.double(1), { delay: '3 days' })),
    );
    const last = await jobs.continueWith(one, Work, (s) => s.double(5), { on: 'finished' });
    await waiting.cancel();
    expect(await last.result()).toMatchObject({ doubled: 10 });
  });

  it('reads the results in a continuation that got the id', async () => {
    const { jobs, ends } = await boot();
    await jobs.batch((b) => b.enqueue(Work, (s) => s.double(5)), {
      onFinished: [Ends, (s, batch) => s.collect(batch.id)],
    });
    expect(await ends.read.promise).toMatchObject([{ result: { doubled: 10 } }]);
  });

  it('completes without jobs at once', async () => {
    const { jobs, ends } = await boot();
    const batch = await jobs.batch(() => undefined, noting);
    expect(await batch.finished()).toMatchObject({ state: 'completed', total: 0 });
    await ends.done.promise;
    await expect.poll(() => ends.events).toEqual(['completed', 'finished']);
  });

  it('counts a nested batch as one job, which ends when its own jobs have', async () => {
    const { jobs, work, ends } = await boot();
    let inner!: BatchHandle;
    const outer = await jobs.batch((b) => {
      b.enqueue(Work, (s) => s.double(1));
      inner = b.batch(
        async (nested) => {
          await Promise.resolve();
          nested.enqueue(Work, (s) => s.wait());
          nested.enqueue(Work, (s) => s.fail());
          nested.batch(() => undefined);
        },
        { name: 'inner', onFailed: [Ends, (s, batch) => s.note('inner', batch)] },
      );
    }, noting);
    await expect.poll(async () => (await inner.progress()).pending).toBe(1);
    await expect.poll(async () => (await outer.progress()).pending).toBe(1);
    expect(ends.events).toEqual([]);
    work.gate.resolve();
    expect(await inner.finished()).toMatchObject({
      name: 'inner',
      total: 3,
      completed: 2,
      failed: 1,
    });
    const counts = { state: 'failed', total: 2, completed: 1, failed: 1, cancelled: 0 };
    expect(await outer.finished()).toMatchObject(counts);
    await ends.done.promise;
    await expect.poll(() => ends.events).toEqual(['failed', 'finished', 'inner']);
    const nested = (await all(outer)).find(({ queue }) => queue === undefined);
    expect(nested).toMatchObject({ id: inner.id, state: 'failed' });
    expect((nested as { error: string }).error).toContain('batch "inner"');
  });

  it('stores nothing when a job is not valid, and tells every fault', async () => {
    const { jobs } = await boot({ workers: false });
    const before = await jobs.enqueue(Work, (s) => s.double(0), { id: 'taken' });
    let good: string[] = [];
    const attempt = jobs.batch(
      (b) => {
        good = b.enqueueMany(Work, [1, 2, 3], (s, value) => s.double(value)).map(({ id }) => id);
        b.enqueue(Work, (s) => s.double((() => 1) as never));
        b.enqueue(Work, (s) => s.double(1), { id: '42' });
        b.enqueue(Work, (s) => s.double(1), { idempotencyKey: 'once' });
        b.batch((nested) => nested.schedule(Work, (s) => s.double(1), {} as never));
      },
      { onFinished: [Ends, (s, batch) => s.note(`${batch.failed}`, batch)] },
    );
    const error = await attempt.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvalidBatchError);
    const { faults } = error as InvalidBatchError;
    expect(faults.map(({ part }) => part)).toEqual([
      'onFinished',
      'job 4',
      'job 5',
      'job 6',
      'batch 1, job 1',
    ]);
    expect(String(error)).toMatch(/Nothing of batch was stored.*job 4: .*a function.*job 5: /);
    for (const id of good) expect(await jobs.get({ queue: 'work', id })).toBeUndefined();

    const duplicate = jobs.batch((b) => {
      b.enqueue(Work, (s) => s.double(1), { id: 'mine' });
      b.enqueue(Work, (s) => s.double(1), { id: 'mine' });
      b.enqueue(Work, (s) => s.double(1), { id: 'fine' });
    });
    await expect(duplicate).rejects.toThrow(InvalidBatchError);
    const taken = jobs.batch((b) => {
      b.enqueue(Work, (s) => s.double(1), { id: 'fine' });
      b.enqueue(Work, (s) => s.double(1), { id: 'taken' });
    });
    await expect(taken).rejects.toMatchObject({
      faults: [{ part: 'job 2', error: expect.any(DuplicateJobError) as unknown }],
    });
    expect(await jobs.get({ queue: 'work', id: 'fine' })).toBeUndefined();
    expect(await before.state()).toBe('waiting');
  });

  it('stores nothing when the callback throws, and takes nothing after it has returned', async () => {
    const { jobs } = await boot({ workers: false });
    let id = '';
    const broken = jobs.batch((b) => {
      ({ id } = b.enqueue(Work, (s) => s.double(1)));
      throw new Error('out of paper');
    });
    await expect(broken).rejects.toThrow('out of paper');
    expect(await jobs.get({ queue: 'work', id })).toBeUndefined();
    let late!: () => unknown;
    await jobs.batch((b) => (late = () => b.enqueue(Work, (s) => s.double(1))));
    expect(late).toThrow(/too late/);
  });

  it('cancels what has not ended, in nested batches too', async () => {
    const { jobs, work, ends } = await boot();
    let delayed!: { result(): Promise<unknown> };
    let running!: { result(): Promise<unknown> };
    const batch = await jobs.batch((b) => {
      running = b.enqueue(Work, (s) => s.wait());
      delayed = b.schedule(Work, (s) => s.double(1), { delay: '3 days' });
      b.batch((nested) => nested.schedule(Work, (s) => s.double(2), { delay: '3 days' }));
    }, noting);
    await work.started.promise;
    expect(await batch.cancel('the plan has changed')).toBe(3);
    expect(await batch.finished()).toMatchObject({ state: 'cancelled', total: 3, cancelled: 3 });
    await expect(running.result()).rejects.toThrow(JobCancelledError);
    await expect(delayed.result()).rejects.toThrow(/was cancelled: the plan has changed/);
    await ends.done.promise;
    await expect.poll(() => ends.events).toEqual(['failed', 'finished']);
    expect(work.ran).toEqual([]);
    expect(await batch.cancel()).toBe(0);
  });

  it('takes a job that was removed for cancelled', async () => {
    const { jobs } = await boot();
    let job!: { id: string; queue: string };
    const batch = await jobs.batch((b) => {
      b.enqueue(Work, (s) => s.double(1));
      job = b.schedule(Work, (s) => s.double(1), { delay: '3 days' });
    });
    await jobs.remove(job);
    expect(await batch.finished()).toMatchObject({
      state: 'cancelled',
      completed: 1,
      cancelled: 1,
    });
  });

  it('waits for a failed job that is retried before the end, and changes nothing for one after', async () => {
    const { jobs, work, ends } = await boot();
    let failing!: { id: string; queue: string; result(): Promise<unknown> };
    const batch = await jobs.batch((b) => {
      failing = b.enqueue(Work, (s) => s.fail());
      b.enqueue(Work, (s) => s.wait());
    }, noting);
    await expect.poll(async () => (await batch.progress()).failed).toBe(1);
    work.failures = 0;
    await jobs.retry(failing);
    await expect.poll(async () => (await batch.progress()).completed).toBe(1);
    work.gate.resolve();
    expect(await batch.finished()).toMatchObject({ state: 'completed', completed: 2 });

    work.failures = 1;
    const second = await jobs.batch((b) => (failing = b.enqueue(Work, (s) => s.fail())));
    expect(await second.finished()).toMatchObject({ state: 'failed' });
    await jobs.retry(failing);
    expect(await failing.result()).toBe('at last');
    expect(await second.progress()).toMatchObject({ failed: 1, completed: 0 });
    expect(ends.events).toEqual(['completed', 'finished']);
  });

  it('keeps results and counts of jobs that are gone', async () => {
    const { jobs, ends } = await boot();
    let gone!: { id: string; queue: string };
    const batch = await jobs.batch((b) => (gone = b.enqueue(Work, (s) => s.double(4))), noting);
    await batch.finished();
    await jobs.remove(gone);
    expect(await batch.progress()).toMatchObject({ total: 1, completed: 1 });
    expect(await all(batch)).toMatchObject([{ id: gone.id, result: { doubled: 8 } }]);
    await ends.done.promise;
  });

  it('says that there is no such batch', async () => {
    const { jobs } = await boot({ workers: false });
    expect(await jobs.batches.get('nobody')).toBeUndefined();
    let nested!: BatchHandle;
    const broken = jobs.batch((b) => {
      nested = b.batch(() => undefined);
      b.enqueue(Work, (s) => s.double(1), { priority: -1 });
    });
    await expect(broken).rejects.toThrow(InvalidBatchError);
    expect(await nested.state()).toBe('removed');
    await expect(nested.progress()).rejects.toThrow(BatchNotFoundError);
    await expect(nested.finished()).rejects.toThrow(BatchNotFoundError);
  });

  it('stores 10,000 jobs at once', async () => {
    const { jobs } = await boot({ workers: false });
    const items = Array.from({ length: 10_000 }, (_, index) => index);
    const batch = await jobs.batch((b) =>
      b.enqueueMany(Work, items, (s, value) => s.double(value)),
    );
    expect(await batch.progress()).toMatchObject({ total: 10_000, pending: 10_000 });
  });
});
