import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as realPause } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { Queue, Worker } from 'bullmq';
import { createSqliteBackend, sqlite } from 'bullmq-sqlite';
import { Continuation, Job, JobContext, JobScheduler, JobsModule } from 'nestjs-jobs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { sqliteFolder } from '../support/servers.js';

@Injectable()
class Mailer {
  readonly sent: string[] = [];

  constructor(private readonly context: JobContext) {}

  @Job({ attempts: 3, backoff: { type: 'fixed', delay: 1 } })
  async send(to: string): Promise<string> {
    await this.context.once('log', () => this.sent.push(to));
    if (to === 'flaky' && this.context.attempt === 1) throw new Error('once more');
    return `sent to ${to}`;
  }

  @Job({ concurrency: { key: (tenant: string) => tenant, limit: 1 } })
  async inTurn(tenant: string): Promise<string> {
    return tenant;
  }

  @Job()
  async untilCancelled(): Promise<void> {
    const { signal } = this.context;
    this.sent.push('waits');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    signal.throwIfAborted();
  }

  @Continuation({ after: [Mailer, 'inTurn'] })
  note(tenant: string): void {
    this.sent.push(`after ${tenant}`);
  }
}

describe.each([
  ['in memory', () => ':memory:'],
  ['in a file', () => `file:${join(sqliteFolder(), `${randomUUID()}.sqlite`)}`],
])('jobs %s, in a test whose timers and clock are fakes', (_where, connection) => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const boot = async () => {
    const module = await Test.createTestingModule({
      imports: [JobsModule.forRoot({ connection: connection(), shutdownTimeout: 1_000 })],
      providers: [Mailer],
    }).compile();
    Logger.overrideLogger(false);
    await module.init();
    return { module, jobs: module.get(JobScheduler), mailer: module.get(Mailer) };
  };

  it('run, are read, cancelled, retried, and end with the application', async () => {
    const { module, jobs, mailer } = await boot();
    const handle = await jobs.enqueue(Mailer, (s) => s.send('a'));
    expect(await handle.result()).toBe('sent to a');
    const flaky = await jobs.enqueue(Mailer, (s) => s.send('flaky'));
    // It waits for its next attempt, and that for the clock.
    await vi.waitUntil(async () => (await flaky.state()) === 'completed');
    const batch = await jobs.batch((b) => {
      for (const tenant of ['x', 'x', 'y']) b.enqueue(Mailer, (s) => s.inTurn(tenant));
    });
    expect(await batch.finished()).toMatchObject({ total: 3, completed: 3 });
    await vi.waitUntil(() => mailer.sent.filter((line) => line.startsWith('after')).length === 3);
    const waiting = await jobs.enqueue(Mailer, (s) => s.untilCancelled());
    await vi.waitUntil(() => mailer.sent.includes('waits'));
    await jobs.cancel(waiting);
    await expect(waiting.result()).rejects.toThrow('cancelled');
    await jobs.recurring.addOrUpdate('nightly', Mailer, (s) => s.send('night'), '0 0 * * *');
    expect(await (await jobs.recurring.trigger('nightly')).result()).toBe('sent to night');
    await module.close();
  });

  it('keep their locks when the clock is set past them', async () => {
    const { module, jobs, mailer } = await boot();
    const waiting = await jobs.enqueue(Mailer, (s) => s.untilCancelled());
    await vi.waitUntil(() => mailer.sent.includes('waits'));
    vi.setSystemTime(Date.now() + 3_600_000);
    await jobs.cancel(waiting);
    await expect(waiting.result()).rejects.toThrow('cancelled');
    expect(mailer.sent).toEqual(['waits']);
    await module.close();
  });

  it('are run when the clock is set to their time', async () => {
    const { module, jobs } = await boot();
    // #region set-clock
    vi.useFakeTimers();
    const reminder = await jobs.schedule(Mailer, (s) => s.send('ann'), { delay: '3 days' });
    vi.setSystemTime(Date.now() + 3 * 24 * 3_600_000);
    await expect(reminder.result()).resolves.toBe('sent to ann');
    // #endregion set-clock
    await module.close();
  });
});

it("BullMQ's queue and worker run in such a test, too", async () => {
  vi.useFakeTimers();
  try {
    const options = { connection: sqlite(':memory:') };
    const queue = new Queue('fakes', options, createSqliteBackend);
    const done = Promise.withResolvers<unknown>();
    const worker = new Worker(
      'fakes',
      async ({ data }) => data as unknown,
      options,
      createSqliteBackend,
    );
    worker.on('completed', (_job, result) => done.resolve(result));
    await queue.add('job', { n: 1 });
    expect(await Promise.race([done.promise, realPause(5_000)])).toEqual({ n: 1 });
    await worker.close();
    await queue.close();
  } finally {
    vi.useRealTimers();
  }
});
