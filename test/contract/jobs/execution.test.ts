import { type CanActivate, ForbiddenException, Injectable, UseGuards } from '@nestjs/common';
import { Job, JobContext, JobFailedError, JobTimeoutError } from 'nestjs-jobs';
import { Queue } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

class Denial implements CanActivate {
  canActivate(): boolean {
    throw new ForbiddenException('not you', { cause: new Error('no ticket') });
  }
}

@Injectable()
class Work {
  static readonly runs: string[] = [];

  constructor(private readonly context: JobContext) {}

  @Job({ attempts: 3, backoff: { type: 'fixed', delay: 1, jitter: 0 } })
  async failTwice(key: string): Promise<number> {
    Work.runs.push(key);
    if (this.context.attempt < 3) throw new Error(`attempt ${this.context.attempt}`);
    return this.context.attempt;
  }

  @Job({
    attempts: 5,
    backoff: { type: 'fixed', delay: 1 },
    retryIf: (error) => !error.message.includes('fatal'),
  })
  async fatal(key: string): Promise<void> {
    Work.runs.push(key);
    throw new Error('fatal');
  }

  @Job({ attempts: 12, backoff: { type: 'fixed', delay: 0 } })
  async failForLong(): Promise<void> {
    const many = Array.from(
      { length: 50 },
      (_, n) => new Error(`host ${n}: ${'x'.repeat(50_000)}`),
    );
    const cause = new AggregateError(many, 'no host answers');
    throw new Error(`attempt ${this.context.attempt}`, { cause });
  }

  @Job({ attempts: 1 })
  @UseGuards(Denial)
  async denied(): Promise<void> {}

  @Job({ attempts: 1 })
  async throwThis(kind: string): Promise<void> {
    if (kind === 'undefined') throw undefined;
    if (kind === 'null') throw null;
    if (kind === 'string') throw 'just text';
    if (kind === 'nul') throw new Error('with \0 and \ud800');
    if (kind === 'huge') throw new Error('x'.repeat(5_000_000));
    if (kind === 'circular') {
      const error = new Error('its own cause');
      throw Object.assign(error, { cause: error });
    }
    if (kind === 'circular members') {
      const error = new AggregateError([], 'its own member');
      throw Object.assign(error, { errors: [error, error], cause: error });
    }
    if (kind === 'control flow')
      throw Object.assign(new Error('named so'), { name: 'DelayedError' });
    if (kind === 'rate limit') throw new Error('bullmq:rateLimitExceeded');
  }

  @Job()
  returnThis(kind: string): unknown {
    if (kind === 'function') return () => 1;
    if (kind === 'circular') {
      const value: Record<string, unknown> = { name: 'loop' };
      value.self = value;
      return value;
    }
    if (kind === 'nul') return 'a\0b\ud800';
    if (kind === 'instance')
      return new (class Order {
        total = 3;
      })();
    if (kind === 'null') return null;
    return undefined;
  }

  @Job({ timeout: 30, attempts: 1 })
  async slow(): Promise<string> {
    await new Promise((_, reject) => {
      this.context.signal.addEventListener('abort', () =>
        reject(this.context.signal.reason as Error),
      );
    });
    return 'never';
  }

  @Job()
  async report(): Promise<void> {
    await this.context.progress({ percent: 40 });
    await this.context.log('first line');
    await this.context.log('second line');
  }
}

describeEngines('execution', (engine) => {
  const boot = (options = {}) =>
    createJobsApp(engine, {
      providers: [Work],
      options: { abortTimeout: 200, ...options },
    });

  it('retries a failed attempt and keeps the stacks', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.failTwice('a'));
    expect(await handle.result()).toBe(3);
    const { attemptsMade, stacktrace } = await handle.details();
    expect(attemptsMade).toBe(3);
    expect(stacktrace.map((stack) => stack.split('\n')[0])).toEqual([
      'Error: attempt 1',
      'Error: attempt 2',
    ]);
  });

  it('keeps the causes of an error, and of all stacks the last ones, cut', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.failForLong());
    await expect(handle.result()).rejects.toThrow(/attempt 12/);
    const { stacktrace } = await handle.details();
    expect(stacktrace.map((stack) => stack.split('\n')[0])).toEqual(
      Array.from({ length: 10 }, (_, n) => `Error: attempt ${n + 3}`),
    );
    for (const stack of stacktrace) {
      expect(stack).toMatch(/\nCaused by: AggregateError: no host answers\n/);
      expect(stack).toMatch(/\n\[2 of 50\] Error: host 1: x/);
    }
    expect(JSON.stringify(stacktrace).length).toBeLessThan(90_000);
    // Fails without another attempt, which is another class of error on the way to the store.
    const denied = await jobs.enqueue(Work, (s) => s.denied());
    await expect(denied.result()).rejects.toThrow(/not you/);
    expect((await denied.details()).stacktrace[0]).toContain('Caused by: Error: no ticket');
  });

  it('does not retry what retryIf refuses', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.fatal('b'));
    await expect(handle.result()).rejects.toThrow(JobFailedError);
    expect((await handle.details()).attemptsMade).toBe(1);
  });

  it.each([
    'undefined',
    'null',
    'string',
    'nul',
    'huge',
    'circular',
    'circular members',
    'control flow',
    'rate limit',
  ])('fails a job that throws: %s', async (kind) => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.throwThis(kind));
    await expect(handle.result({ timeout: 5_000 })).rejects.toThrow(JobFailedError);
    const { failedReason, attemptsMade } = await handle.details();
    expect(failedReason!.length).toBeGreaterThan(5);
    expect(failedReason!.length).toBeLessThan(10_000);
    expect(attemptsMade).toBe(1);
  });

  it.each([
    ['function', undefined],
    ['circular', { name: 'loop', self: '[Circular]' }],
    ['nul', 'a\uFFFDb\uFFFD'],
    ['instance', { total: 3 }],
    ['null', null],
    ['undefined', undefined],
  ])('completes a job whatever it returns: %s', async (kind, expected) => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.returnThis(kind));
    expect(await handle.result({ timeout: 5_000 })).toEqual(expected);
    expect(await handle.state()).toBe('completed');
  });

  it('aborts and fails an attempt that is over its timeout', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.slow());
    await expect(handle.result()).rejects.toThrow(/longer than its timeout of 30 ms/);
    expect(JobTimeoutError).toBeDefined();
  });

  it('stores progress and log lines', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.report());
    await handle.result();
    expect((await handle.details()).progress).toEqual({ percent: 40 });
    expect(await handle.logs()).toEqual(['first line', 'second line']);
  });

  it('runs a delayed job when it is due, and a past one now', async () => {
    const { jobs } = await boot();
    const past = await jobs.schedule(Work, (s) => s.returnThis('x'), { at: new Date(0) });
    await past.result();
    const soon = await jobs.schedule(Work, (s) => s.returnThis('x'), { delay: 50 });
    await soon.result();
    const { startedAt, enqueuedAt } = await soon.details();
    expect(startedAt!.getTime() - enqueuedAt.getTime()).toBeGreaterThanOrEqual(50);
    const later = await jobs.schedule(Work, (s) => s.returnThis('x'), { delay: '3 days' });
    expect(await later.state()).toBe('delayed');
    await jobs.promote(later);
    await later.result();
  });

  it('runs a failed job again by hand, with all its attempts', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.fatal('again'));
    await expect(handle.result()).rejects.toThrow(JobFailedError);
    Work.runs.length = 0;
    await jobs.retry(handle);
    await expect.poll(() => Work.runs).toEqual(['again']);
    await expect.poll(() => handle.state()).toBe('failed');
    await expect(jobs.promote(handle)).rejects.toThrow(/expected state delayed, got failed/);
    await jobs.remove(handle);
    expect(await handle.state()).toBe('removed');
  });

  it('postpones a job of an unknown name, then fails it with the names it knows', async () => {
    const { jobs } = await boot({ unknownNameTimeout: 300 });
    const handle = await jobs.enqueueByName('Nobody.knows', [], { queue: 'default' });
    await expect(handle.result({ timeout: 10_000 })).rejects.toThrow(
      /This process knows .*"Work.fatal"/,
    );
    expect((await handle.details()).attemptsMade).toBe(1);
  });

  describe('bad data', () => {
    it.each([
      ['no payload', 'just text'],
      ['args that are no list', { args: 'text' }],
      ['annotations that lie', { args: [1], meta: { values: { 0: [['map']] } } }],
      [
        'annotations that reach for a prototype',
        { args: [{}], meta: { values: { '0.__proto__.x': ['Date'] } } },
      ],
    ])('fails that job alone: %s', async (_kind, data) => {
      const { jobs, module } = await boot();
      const queue = module.get<Queue>('BullQueue_default');
      const bad = await queue.add('Work.report', data, {
        jobId: 'bad-one',
        attempts: 3,
        backoff: { type: 'jobs' },
      });
      const good = await jobs.enqueue(Work, (s) => s.report());
      await good.result();
      const handle = (await jobs.get(bad.id!))!;
      await expect(handle.result({ timeout: 5_000 })).rejects.toThrow(/cannot be read/);
      expect((await handle.details()).attemptsMade).toBe(1);
      expect(({} as { x?: unknown }).x).toBeUndefined();
    });
  });

  it('runs a job that another service wrote by hand', async () => {
    const { jobs, module } = await boot();
    const queue = module.get<Queue>('BullQueue_default');
    await queue.add('Work.failTwice', { args: ['by hand'] }, { jobId: 'foreign' });
    const handle = (await jobs.get({ queue: 'default', id: 'foreign' }))!;
    expect(await handle.result()).toBe(3);
  });
});
