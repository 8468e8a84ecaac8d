import { getQueueToken } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import {
  DuplicateJobError,
  InvalidEnqueueOptionsError,
  Job,
  UniqueKeyHeldError,
  type JobsModuleOptions,
} from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { beginTransaction } from '../../support/app-transaction.js';
import { describeEngines, describeEnginesWith, type Isolation } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

@Injectable()
class Reports {
  readonly ran: string[] = [];
  readonly started = signal();
  readonly go = signal();
  running = 0;
  most = 0;

  @Job({ unique: { key: (user: string) => user } })
  async build(_user: string, text: string): Promise<string> {
    return this.note(text);
  }

  @Job({ unique: { key: (user: string) => user, onDuplicate: 'throw' } })
  async strict(_user: string, text: string): Promise<string> {
    return this.note(text);
  }

  @Job({ unique: { key: (user: string) => user, onDuplicate: 'replace' } })
  async newest(_user: string, text: string): Promise<string> {
    this.started.resolve();
    await this.go.promise;
    return this.note(text);
  }

  @Job({ unique: { key: (user: string) => user, for: 'until-started' } })
  async untilStarted(_user: string, text: string): Promise<string> {
    this.started.resolve();
    await this.go.promise;
    return this.note(text);
  }

  @Job({ unique: { key: (user: string) => user, for: 'until-started', onDuplicate: 'reschedule' } })
  async debounced(_user: string, text: string): Promise<string> {
    return this.note(text);
  }

  @Job({ unique: { key: (user: string) => user, for: 700 } })
  async throttled(_user: string, text: string): Promise<string> {
    return this.note(text);
  }

  @Job({ unique: { key: (user: string) => user }, attempts: 1 })
  async failing(_user: string): Promise<void> {
    throw new Error('fails');
  }

  /** Fails with its first call. Each other waits to be let go. */
  @Job({ unique: { key: (user: string) => user }, attempts: 1 })
  async second(_user: string, text: string): Promise<string> {
    if (!this.ran.includes(text)) {
      this.note(text);
      throw new Error('fails once');
    }
    this.running += 1;
    this.most = Math.max(this.most, this.running);
    this.started.resolve();
    await this.go.promise;
    this.running -= 1;
    return this.note(text);
  }

  @Job({
    unique: { key: (user: string) => user },
    concurrency: { key: (user: string) => user },
  })
  async single(_user: string, text: string): Promise<string> {
    return this.note(text);
  }

  private note(text: string): string {
    this.ran.push(text);
    return text;
  }
}

const OPTIONS: JobsModuleOptions = {};

function boot(
  engine: Parameters<typeof createJobsApp>[0],
  options = OPTIONS,
  isolation?: Isolation,
) {
  return createJobsApp(engine, {
    providers: [Reports],
    options,
    ...(isolation && { isolation }),
  }).then((app) => ({ ...app, reports: app.module.get(Reports) }));
}

describeEngines('unique jobs', (engine) => {
  it('are stored once; the handle of the first is that of all', async () => {
    const producer = await boot(engine, { workers: false });
    const [a, b, other] = await Promise.all([
      producer.jobs.enqueue(Reports, (s) => s.build('u', 'first')),
      producer.jobs.enqueue(Reports, (s) => s.build('u', 'second')),
      producer.jobs.enqueue(Reports, (s) => s.build('v', 'other')),
    ]);
    expect(b.id).toBe(a.id);
    expect(other.id).not.toBe(a.id);
    const worker = await boot(engine, {}, producer.isolation);
    expect(await b.result()).toBe('first');
    await other.result();
    expect(worker.reports.ran.toSorted()).toEqual(['first', 'other']);
    const next = await producer.jobs.enqueue(Reports, (s) => s.build('u', 'third'));
    expect(next.id).not.toBe(a.id);
    expect(await next.result()).toBe('third');
  });

  it('answer for each of many', async () => {
    const { jobs } = await boot(engine, { workers: false });
    const outcomes = await jobs.enqueueMany(Reports, ['u', 'v', 'u'], (s, user) =>
      s.strict(user, 'x'),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    const skipped = await jobs.enqueueMany(Reports, ['u', 'v', 'u'], (s, user) =>
      s.build(user, 'x'),
    );
    const ids = skipped.map((outcome) => outcome.status === 'fulfilled' && outcome.value.id);
    expect(ids[2]).toBe(ids[0]);
    expect(ids[1]).not.toBe(ids[0]);
  });

  it('tell the key and the job that is there', async () => {
    const { jobs } = await boot(engine, { workers: false });
    const first = await jobs.enqueue(Reports, (s) => s.strict('u', 'first'));
    const refused = jobs.enqueue(Reports, (s) => s.strict('u', 'second'));
    await expect(refused).rejects.toThrow(DuplicateJobError);
    await expect(refused).rejects.toThrow(/has the same unique key "u"/);
    await expect(refused).rejects.toMatchObject({ id: first.id, queue: 'default' });
  });

  it('run with the newest arguments, where they are to be replaced', async () => {
    const producer = await boot(engine, { workers: false });
    const first = await producer.jobs.enqueue(Reports, (s) => s.newest('u', 'first'));
    const second = await producer.jobs.enqueue(Reports, (s) => s.newest('u', 'second'));
    expect(second.id).toBe(first.id);
    const worker = await boot(engine, {}, producer.isolation);
    await worker.reports.started.promise;
    // It runs already: the newest one runs after it.
    await producer.jobs.enqueue(Reports, (s) => s.newest('u', 'third'));
    const fourth = { id: 'fourth', queue: 'default' };
    const last = await producer.jobs.enqueue(Reports, (s) => s.newest('u', 'fourth'), fourth);
    expect(last.id).toBe(first.id);
    expect(await producer.jobs.get(fourth)).toBeUndefined();
    worker.reports.go.resolve();
    expect(await first.result()).toBe('second');
    await expect.poll(() => worker.reports.ran, { timeout: 5_000 }).toEqual(['second', 'fourth']);
    expect(await last.result()).toBe('second');
    expect(await (await producer.jobs.get(fourth))?.result()).toBe('fourth');
  });

  it('let the next one wait from their start on', async () => {
    const { jobs, reports } = await boot(engine);
    const first = await jobs.enqueue(Reports, (s) => s.untilStarted('u', 'first'));
    await reports.started.promise;
    const second = await jobs.enqueue(Reports, (s) => s.untilStarted('u', 'second'));
    expect(second.id).not.toBe(first.id);
    reports.go.resolve();
    await second.result();
    expect(reports.ran.toSorted()).toEqual(['first', 'second']);
  });

  it('debounce: run once, with the last arguments, when nothing came for a while', async () => {
    const { jobs, reports } = await boot(engine);
    const delay = 600;
    const handles = [];
    for (const text of ['a', 'b', 'c']) {
      handles.push(await jobs.schedule(Reports, (s) => s.debounced('u', text), { delay }));
      if (text !== 'c') await new Promise((resolve) => setTimeout(resolve, 250));
    }
    // The first would have been due.
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(reports.ran).toEqual([]);
    expect(await handles[0]!.result()).toBe('c');
    expect(reports.ran).toEqual(['c']);
  });

  it('throttle: run at most once within a time, from the first enqueueing on', async () => {
    const { jobs, reports } = await boot(engine);
    const first = await jobs.enqueue(Reports, (s) => s.throttled('u', 'a'));
    await first.result();
    const second = await jobs.enqueue(Reports, (s) => s.throttled('u', 'b'));
    expect(second.id).toBe(first.id);
    await new Promise((resolve) => setTimeout(resolve, 750));
    const third = await jobs.enqueue(Reports, (s) => s.throttled('u', 'c'));
    expect(await third.result()).toBe('c');
    expect(reports.ran).toEqual(['a', 'c']);
  });

  it('are not retried beside the one that has their key now', async () => {
    const { jobs, reports } = await boot(engine);
    const first = await jobs.enqueue(Reports, (s) => s.second('u', 'a'));
    await expect(first.result()).rejects.toThrow('fails once');
    reports.ran.push('b');
    const other = await jobs.enqueue(Reports, (s) => s.second('u', 'b'));
    await reports.started.promise;
    const error = await jobs.retry(first).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UniqueKeyHeldError);
    expect(error).toMatchObject({ queue: other.queue, id: other.id });
    expect(await first.state()).toBe('failed');
    reports.go.resolve();
    expect(await other.result()).toBe('b');
    await jobs.retry(first);
    expect(await first.result()).toBe('a');
    expect(reports.most).toBe(1);
  });

  it.each(['one', 'all'] as const)(
    'wait for the one that has their key, when BullMQ lets %s run again',
    async (which) => {
      const { jobs, reports, module } = await boot(engine);
      const first = await jobs.enqueue(Reports, (s) => s.second('u', 'a'));
      await expect(first.result()).rejects.toThrow('fails once');
      reports.ran.push('b');
      const other = await jobs.enqueue(Reports, (s) => s.second('u', 'b'));
      await reports.started.promise;
      const queue = module.get<Queue>(getQueueToken(first.queue));
      if (which === 'all') await queue.retryJobs({ state: 'failed' });
      else await (await queue.getJob(first.id))!.retry('failed');
      await expect.poll(() => first.state(), { timeout: 10_000 }).toBe('delayed');
      expect(reports.running).toBe(1);
      reports.go.resolve();
      expect(await other.result()).toBe('b');
      expect(await first.result()).toBe('a');
      expect(reports.most).toBe(1);
    },
  );

  it('have their key again while they run again', async () => {
    const { jobs, reports } = await boot(engine);
    const first = await jobs.enqueue(Reports, (s) => s.second('u', 'a'));
    await expect(first.result()).rejects.toThrow('fails once');
    await jobs.retry(first);
    await reports.started.promise;
    const same = await jobs.enqueue(Reports, (s) => s.second('u', 'b'));
    expect(same.id).toBe(first.id);
    reports.go.resolve();
    expect(await same.result()).toBe('a');
    const next = await jobs.enqueue(Reports, (s) => s.second('u', 'a'));
    expect(next.id).not.toBe(first.id);
    await next.result();
  });

  it('free their key when they fail, are removed or cancelled, or their queue is emptied', async () => {
    const producer = await boot(engine, { workers: false });
    const { jobs, module } = producer;
    const enqueue = () => jobs.enqueue(Reports, (s) => s.build('u', 'x'));
    const removed = await enqueue();
    await jobs.remove(removed);
    const cancelled = await enqueue();
    expect(cancelled.id).not.toBe(removed.id);
    await jobs.cancel(cancelled);
    const obliterated = await enqueue();
    expect(obliterated.id).not.toBe(cancelled.id);
    await module.get<Queue>('BullQueue_default', { strict: false }).obliterate({ force: true });
    const last = await enqueue();
    expect(last.id).not.toBe(obliterated.id);
    const worker = await boot(engine, {}, producer.isolation);
    const failed = await worker.jobs.enqueue(Reports, (s) => s.failing('u'));
    await expect(failed.result()).rejects.toThrow('fails');
    const again = await worker.jobs.enqueue(Reports, (s) => s.failing('u'));
    expect(again.id).not.toBe(failed.id);
  });

  it('leave no ticket behind where they have a concurrency key too', async () => {
    const { jobs, reports } = await boot(engine);
    const handles = await Promise.all(
      ['a', 'b', 'c'].map((text) => jobs.enqueue(Reports, (s) => s.single('u', text))),
    );
    await handles[0]!.result();
    const next = await jobs.enqueue(Reports, (s) => s.single('u', 'd'));
    expect(await next.result({ timeout: '5s' })).toBe('d');
    expect(reports.ran).toEqual(['a', 'd']);
  });

  it('can be asked for by a call', async () => {
    const { jobs } = await boot(engine, { workers: false });
    const enqueue = (key: string) =>
      jobs.enqueueByName('Other.work', [], { queue: 'elsewhere', unique: { key } });
    const [a, b, c] = [await enqueue('k'), await enqueue('k'), await enqueue('l')];
    expect(b.id).toBe(a.id);
    expect(c.id).not.toBe(a.id);
    const wrong = jobs.enqueueByName('Other.work', [], {
      queue: 'elsewhere',
      unique: { key: 'k', onDuplicate: 'explode' as never },
    });
    await expect(wrong).rejects.toThrow(InvalidEnqueueOptionsError);
    await expect(wrong).rejects.toThrow(/unique: "onDuplicate" expected 'skip' or/);
  });
});

describeEnginesWith('transactionalEnqueue', 'unique jobs in a transaction', (engine) => {
  it('are stored once with it, and never replace a job', async () => {
    const { jobs } = await boot(engine, { workers: false });
    const before = await jobs.enqueue(Reports, (s) => s.build('u', 'before'));
    const { client, end, close } = await beginTransaction(engine);
    try {
      const tx = jobs.withTransaction(client);
      const inside = await tx.enqueue(Reports, (s) => s.build('u', 'inside'));
      expect(inside.id).toBe(before.id);
      const strict = await tx.enqueue(Reports, (s) => s.strict('v', 'first'));
      const refused = tx.enqueue(Reports, (s) => s.strict('v', 'second'));
      await expect(refused).rejects.toMatchObject({ id: strict.id });
      const replacing = tx.enqueue(Reports, (s) => s.newest('w', 'x'));
      await expect(replacing).rejects.toThrow(/expected 'skip' or 'throw' inside a transaction/);
      await end('COMMIT');
      expect(await strict.state()).toBe('waiting');
    } finally {
      await close();
    }
  });
});
