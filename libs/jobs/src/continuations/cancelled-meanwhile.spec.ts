import { Injectable } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { createJobsApp, signal } from '../../../../test/support/jobs-app.js';
import { Job } from '../decorators/index.js';
import { JobWriter, type JobHandle } from '../enqueueing/index.js';
import { QueueRegistry } from '../engines/index.js';
import { JobCancelledError, JobStateError } from '../errors/index.js';
import { JobContext } from '../execution/index.js';
import type { JobScheduler } from '../scheduler/index.js';
import { ContinuationBook } from './continuation-book.js';

@Injectable()
class Work {
  readonly first = signal();
  readonly started = signal();
  readonly go = signal();
  calls = 0;

  constructor(private readonly context: JobContext) {}

  @Job()
  async before(): Promise<string> {
    await this.first.promise;
    return 'a';
  }

  @Job({ queue: 'next', attempts: 1 })
  async next(text: string): Promise<string> {
    this.calls += 1;
    const { signal: abort } = this.context;
    this.started.resolve();
    const aborted = new Promise<void>((resolve) =>
      abort.addEventListener('abort', () => resolve(), { once: true }),
    );
    await Promise.race([this.go.promise, aborted]);
    abort.throwIfAborted();
    return text;
  }
}

/** A step that is held: when it is reached, and what lets it go on. */
const held = () => ({ reached: signal(), go: signal() });

/**
 * Each step of a hub that releases a continuation, in the very moment in which someone stops it.
 */
describeEngines('a continuation that is released while it is stopped', (engine) => {
  afterEach(() => void vi.restoreAllMocks());

  const boot = async () => {
    const { jobs, module } = await createJobsApp(engine, {
      providers: [Work],
      options: { abortTimeout: '5s' },
    });
    const work = module.get(Work);
    const before = await jobs.enqueue(Work, (s) => s.before());
    const next = await jobs.continueWith(before, Work, (s, text) => s.next(text));
    return { jobs, module, work, next };
  };

  type Booted = Awaited<ReturnType<typeof boot>>;

  /** Holds the hub when it has read the record, and is about to put the job in its queue. */
  const beforeInsert = ({ module }: Booted) => {
    const writer = module.get(JobWriter);
    const write = writer.write.bind(writer);
    const step = held();
    vi.spyOn(writer, 'write').mockImplementationOnce(async (job) => {
      step.reached.resolve();
      await step.go.promise;
      return write(job);
    });
    return step;
  };

  /** Holds the hub when it has put the job in its queue. */
  const beforeDelete = ({ module }: Booted) => {
    const book = module.get(ContinuationBook);
    const remove = book.delete.bind(book);
    const step = held();
    vi.spyOn(book, 'delete').mockImplementationOnce(async (read) => {
      step.reached.resolve();
      await step.go.promise;
      return remove(read);
    });
    return step;
  };

  /** Holds who has found the job waiting. */
  const afterFound = ({ module }: Booted) => {
    const book = module.get(ContinuationBook);
    const find = book.find.bind(book);
    const step = held();
    vi.spyOn(book, 'find').mockImplementationOnce(async (address) => {
      const found = await find(address);
      step.reached.resolve();
      await step.go.promise;
      return found;
    });
    return step;
  };

  const ways: Record<string, (jobs: JobScheduler, next: JobHandle) => Promise<unknown>> = {
    cancelled: async (jobs, next) => {
      expect(await jobs.cancel(next, 'no')).toBe(true);
    },
    removed: (jobs, next) => jobs.remove(next),
  };

  const expectStopped = async (way: string, { next }: Booted) => {
    if (way === 'cancelled')
      await expect(next.result({ timeout: '10s' })).rejects.toThrow(/was cancelled: no/);
    else await expect.poll(() => next.state(), { timeout: 10_000 }).toBe('removed');
  };

  for (const [way, stop] of Object.entries(ways)) {
    it(`before it is put in its queue: ${way}, and not run`, async () => {
      const app = await boot();
      const [insert, afterwards] = [beforeInsert(app), beforeDelete(app)];
      app.work.go.resolve();
      app.work.first.resolve();
      await insert.reached.promise;
      await stop(app.jobs, app.next);
      insert.go.resolve();
      await afterwards.reached.promise;
      await expect(app.next.result({ timeout: '10s' })).rejects.toThrow(JobCancelledError);
      await expectStopped(way, app);
      expect(app.work.calls).toBe(0);
      afterwards.go.resolve();
    });

    it(`when it was just put in its queue: ${way}, and not run`, async () => {
      const app = await boot();
      const queue = app.module.get(QueueRegistry).get('next');
      await queue.pause();
      const [found, inserted] = [afterFound(app), beforeDelete(app)];
      app.work.go.resolve();
      const stopped = stop(app.jobs, app.next);
      await found.reached.promise;
      app.work.first.resolve();
      await inserted.reached.promise;
      found.go.resolve();
      await stopped;
      if (way === 'removed') expect(await app.next.state()).toBe('removed');
      await queue.resume();
      await expect(app.next.result({ timeout: '10s' })).rejects.toThrow(JobCancelledError);
      await expectStopped(way, app);
      expect(app.work.calls).toBe(0);
      inserted.go.resolve();
    });
  }

  it('before it is put in its queue: taken away where no worker claims it', async () => {
    const app = await boot();
    const queue = app.module.get(QueueRegistry).get('next');
    await queue.pause();
    const [insert, inserted] = [beforeInsert(app), beforeDelete(app)];
    app.work.first.resolve();
    await insert.reached.promise;
    await app.jobs.remove(app.next);
    insert.go.resolve();
    await inserted.reached.promise;
    expect(await queue.getJobState(app.next.id)).not.toBe('unknown');
    inserted.go.resolve();
    await expect.poll(() => queue.getJobState(app.next.id), { timeout: 10_000 }).toBe('unknown');
    expect(app.work.calls).toBe(0);
  });

  it('when it was just started: its signal is aborted', async () => {
    const app = await boot();
    const found = afterFound(app);
    const stopped = app.jobs.cancel(app.next, 'no');
    await found.reached.promise;
    app.work.first.resolve();
    await app.work.started.promise;
    found.go.resolve();
    expect(await stopped).toBe(true);
    await expectStopped('cancelled', app);
  });

  it('when it was just started: it is not removed', async () => {
    const app = await boot();
    const found = afterFound(app);
    const removed = app.jobs.remove(app.next).catch((error: unknown) => error);
    await found.reached.promise;
    app.work.first.resolve();
    await app.work.started.promise;
    found.go.resolve();
    expect(await removed).toBeInstanceOf(JobStateError);
    app.work.go.resolve();
    expect(await app.next.result()).toBe('a');
  });

  it('is run when it is retried', async () => {
    const app = await boot();
    const insert = beforeInsert(app);
    app.work.go.resolve();
    app.work.first.resolve();
    await insert.reached.promise;
    await app.jobs.cancel(app.next);
    insert.go.resolve();
    await expect.poll(() => app.next.state(), { timeout: 10_000 }).toBe('failed');
    await app.jobs.retry(app.next);
    expect(await app.next.result()).toBe('a');
  });
});
