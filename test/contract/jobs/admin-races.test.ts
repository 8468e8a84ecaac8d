import { Injectable } from '@nestjs/common';
import { PostgresQueueBackend, RedisQueueBackend } from 'bullmq';
import { SqliteQueueBackend } from 'bullmq-sqlite';
import { Job, JobFailedError, JobNotFoundError, JobStateError } from 'nestjs-jobs';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngines, type EngineName } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

const BACKENDS = {
  redis: RedisQueueBackend,
  postgres: PostgresQueueBackend,
  sqlite: SqliteQueueBackend,
} satisfies Record<EngineName, unknown>;

type Change = 'promote' | 'retryFinishedJob' | 'remove' | 'updateData';

@Injectable()
class Work {
  @Job({ attempts: 1 })
  fail(): void {
    throw new Error('no');
  }
}

describeEngines('a job that somebody else changes meanwhile', (engine) => {
  afterEach(() => void vi.restoreAllMocks());

  /**
   * Does something else in the store after our question about a job, and before our change of it.
   */
  function justBefore(change: Change, act: (id: string) => Promise<unknown>): void {
    const prototype = BACKENDS[engine.name].prototype as unknown as Record<
      Change,
      (...args: unknown[]) => Promise<unknown>
    >;
    const original = prototype[change];
    const spy = vi.spyOn(prototype, change);
    spy.mockImplementation(async function (this: { remove(id: string): unknown }, ...args) {
      spy.mockRestore();
      const [job] = args as [string | { id: string }];
      await act(typeof job === 'string' ? job : job.id);
      return original.apply(this, args);
    });
  }

  const boot = (workers: boolean) =>
    createJobsApp(engine, { providers: [Work], options: { workers } });

  it('is promoted or removed by others: told by name', async () => {
    const { jobs } = await boot(false);
    const first = await jobs.schedule(Work, (s) => s.fail(), { delay: '1 h' });
    justBefore('promote', () => jobs.promote(first));
    await expect(jobs.promote(first)).rejects.toThrow(JobStateError);
    const second = await jobs.schedule(Work, (s) => s.fail(), { delay: '1 h' });
    justBefore('promote', () => jobs.remove(second));
    await expect(jobs.promote(second)).rejects.toThrow(JobNotFoundError);
    const third = await jobs.schedule(Work, (s) => s.fail(), { delay: '1 h' });
    justBefore('remove', () => jobs.remove(third));
    const outcome: unknown = await jobs.remove(third).catch((error: unknown) => error);
    // Where the store tells that nothing was there.
    expect(outcome === undefined || outcome instanceof JobNotFoundError).toBe(true);
  });

  it('is retried or removed by others: told by name', async () => {
    const { jobs } = await boot(true);
    const handle = await jobs.enqueue(Work, (s) => s.fail());
    await expect(handle.result()).rejects.toThrow(JobFailedError);
    justBefore('retryFinishedJob', () => jobs.remove(handle));
    await expect(jobs.retry(handle)).rejects.toThrow(JobNotFoundError);
  });

  it('is locked when it is removed: told by name', async () => {
    const { jobs } = await boot(false);
    const handle = await jobs.enqueue(Work, (s) => s.fail());
    const prototype: { remove(id: string, removeChildren: boolean): Promise<number> } =
      BACKENDS[engine.name].prototype;
    vi.spyOn(prototype, 'remove').mockResolvedValue(0);
    await expect(jobs.remove(handle)).rejects.toThrow(JobStateError);
  });

  it('is gone when it is cancelled: no error', async () => {
    const { jobs } = await boot(false);
    const handle = await jobs.schedule(Work, (s) => s.fail(), { delay: '1 h' });
    justBefore('updateData', () => jobs.remove(handle));
    expect(await jobs.cancel(handle)).toBe(true);
  });
});
