import { Injectable } from '@nestjs/common';
import { beforeEach, expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { createJobsApp } from '../../../../test/support/jobs-app.js';
import { Job } from '../decorators/index.js';
import { JobsError } from '../errors/index.js';
import { JobLogger } from '../logging/index.js';
import type { BackoffFunction } from '../options/index.js';

let runs = 0;

@Injectable()
class Work {
  @Job()
  async run(): Promise<void> {}

  @Job({ attempts: 3, retryIf: (async () => false) as never, backoff: () => 1 })
  async asyncRetryIf(): Promise<void> {
    runs += 1;
    throw new Error('again');
  }

  @Job({ attempts: 3, backoff: (async () => 5) as unknown as BackoffFunction })
  async asyncBackoff(): Promise<void> {
    runs += 1;
    throw new Error('again');
  }
}

describeEngines('what is no object of options', (engine) => {
  beforeEach(() => {
    runs = 0;
  });
  const boot = () =>
    createJobsApp(engine, {
      providers: [Work],
      options: { defaults: { backoff: { type: 'fixed', delay: 1 } } },
    });

  it.each([
    ['a promise', () => Promise.resolve({ id: 'x' }), /a Promise: await it/],
    ['a Map', () => new Map([['id', 'x']]), /a Map/],
    ['a Set', () => new Set(['id']), /a Set/],
  ])('is refused where it is %s', async (_what, make, reason) => {
    const { jobs } = await boot();
    const given = () => make() as never;
    const first = await jobs.enqueue(Work, (s) => s.run());
    const calls = [
      async () => jobs.enqueue(Work, (s) => s.run(), given()),
      async () => jobs.schedule(Work, (s) => s.run(), given()),
      async () => jobs.enqueueByName('Work.run', [], given()),
      async () => jobs.batch((batch) => void batch.enqueue(Work, (s) => s.run()), given()),
      async () => jobs.continueWith(first, Work, (s) => s.run(), given()),
      async () => jobs.recurring.addOrUpdate('r', Work, (s) => s.run(), '@daily', given()),
    ];
    for (const call of calls) {
      const fault = await call().catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(JobsError);
      expect((fault as Error).message).toMatch(reason);
    }
    const many = await jobs.enqueueMany(Work, [1, 2], (s) => s.run(), given);
    expect(many.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  it('is a fault where a policy of retries cannot be awaited, told of once', async () => {
    const { jobs } = await boot();
    const told: string[] = [];
    const error = vi.spyOn(JobLogger.prototype, 'error');
    error.mockImplementation((line) => void told.push(line));
    const handles = [
      await jobs.enqueue(Work, (s) => s.asyncRetryIf()),
      await jobs.enqueue(Work, (s) => s.asyncBackoff()),
    ];
    for (const handle of handles) await expect(handle.result()).rejects.toThrow('again');
    error.mockRestore();
    expect(runs).toBe(6);
    const faults = told.filter((line) => line.includes('retry policy'));
    expect(faults.toSorted()).toEqual([
      expect.stringMatching(
        /Work.asyncBackoff.*"backoff" to return a duration or false, got a Promise/,
      ),
      expect.stringMatching(/Work.asyncRetryIf.*"retryIf" to return true or false, got a Promise/),
    ]);
  });
});
