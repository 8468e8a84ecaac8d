import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JobHook, RunningJob, RunOutcome } from '../contracts/index.js';
import { InvalidEnqueueOptionsError, StoreUnavailableError } from '../errors/index.js';
import type { JobLogger } from '../logging/index.js';
import { JobHooks } from './job-hooks.js';
import type { StoreOutage } from './store-outage.js';

const job = { id: '1', name: 'S.m', queue: 'q', attempt: 1, attempts: 1 };
const outage = { noticedIn: () => false } as unknown as StoreOutage;
const outcome: RunOutcome = { status: 'completed', result: 5, durationMs: 1 };

describe('job hooks', () => {
  it('are called in order, each with the job and its outcome', () => {
    const calls: unknown[] = [];
    const hook = (name: string): JobHook => ({
      onStarted: (j) => calls.push([name, 'started', j]),
      onSettled: (j, o) => calls.push([name, 'settled', j, o]),
    });
    const hooks = new JobHooks([hook('a'), {}, hook('b')], {} as JobLogger, outage);
    hooks.started(job);
    hooks.settled(job, outcome);
    expect(calls).toEqual([
      ['a', 'started', job],
      ['b', 'started', job],
      ['a', 'settled', job, outcome],
      ['b', 'settled', job, outcome],
    ]);
  });

  it('harm neither the job nor each other when one throws; that is logged', () => {
    class BrokenHook implements JobHook {
      onStarted(): void {
        throw new Error('broken');
      }
      onSettled(): void {
        throw new Error('broken');
      }
    }
    const error = vi.fn<(message: string) => void>();
    const onSettled = vi.fn<NonNullable<JobHook['onSettled']>>();
    const hooks = new JobHooks(
      [new BrokenHook(), { onSettled }],
      {
        error,
      } as unknown as JobLogger,
      outage,
    );
    hooks.started(job);
    hooks.settled(job, outcome);
    expect(onSettled).toHaveBeenCalledOnce();
    expect(error).toHaveBeenCalledTimes(2);
    expect(error).toHaveBeenCalledWith(expect.stringMatching(/BrokenHook.*broken/));
  });

  it('decide one after the other what becomes of a claimed job, and the first that says no has decided', async () => {
    const run = vi.fn<NonNullable<JobHook['onClaimed']>>(async () => ({ action: 'run' }));
    const nothing = vi.fn<NonNullable<JobHook['onClaimed']>>(() => undefined);
    const postpone = vi.fn<NonNullable<JobHook['onClaimed']>>(async () => ({
      action: 'postpone',
      delayMs: 5,
    }));
    const never = vi.fn<NonNullable<JobHook['onClaimed']>>();
    const claimed = (...hooks: NonNullable<JobHook['onClaimed']>[]) =>
      new JobHooks(
        hooks.map((onClaimed) => ({ onClaimed })),
        {} as JobLogger,
        outage,
      ).claimed(job as RunningJob);
    expect(claimed(nothing, nothing)).toBeUndefined();
    expect(await claimed(run, nothing)).toEqual({ action: 'run' });
    expect(await claimed(nothing, run, postpone, never)).toEqual({
      action: 'postpone',
      delayMs: 5,
    });
    expect(never).not.toHaveBeenCalled();
  });

  it('are waited for before a result is stored, where they need it', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const hooks = new JobHooks(
      [{ onReturned: () => undefined }, { onReturned: () => promise }],
      {} as JobLogger,
      outage,
    );
    let isOver = false;
    const returned = hooks.returned(job as RunningJob, 5)!.then(() => (isOver = true));
    await Promise.resolve();
    expect(isOver).toBe(false);
    resolve();
    await returned;
    expect(isOver).toBe(true);
  });

  describe('that the store fails', () => {
    const error = vi.fn<(message: string) => void>();
    const logger = { error } as unknown as JobLogger;
    afterEach(() => void error.mockReset());

    it('postpone a claim, unless the job is at fault', async () => {
      const claimed = (reason: Error) =>
        new JobHooks(
          [
            { onClaimed: async () => ({ action: 'run' }) },
            { onClaimed: () => Promise.reject(reason) },
          ],
          logger,
          outage,
        ).claimed(job as RunningJob);
      expect(await claimed(new Error('WRONGPASS'))).toEqual({ action: 'postpone', delayMs: 1_000 });
      expect(error).toHaveBeenCalledWith(expect.stringContaining('WRONGPASS'));
      expect(await claimed(new StoreUnavailableError('read', 'it is gone'))).toEqual({
        action: 'postpone',
        delayMs: 1_000,
      });
      const fault = new InvalidEnqueueOptionsError(['no key'], job);
      await expect(claimed(fault)).rejects.toBe(fault);
    });

    it('postpone a claim whichever of them met a lost store, which is told of once, as an outage', async () => {
      const lost = new Error('ECONNREFUSED');
      const noticed: unknown[] = [];
      const watch = {
        noticedIn: (reason: unknown) => noticed.push(reason) > 0,
      } as unknown as StoreOutage;
      const run: JobHook = { onClaimed: async () => ({ action: 'run' }) };
      const broken: JobHook = { onClaimed: () => Promise.reject(lost) };
      for (const all of [[broken], [broken, run], [run, broken], [run, broken, run]])
        expect(await new JobHooks(all, logger, watch).claimed(job as RunningJob)).toEqual({
          action: 'postpone',
          delayMs: 1_000,
        });
      expect(noticed).toEqual([lost, lost, lost, lost]);
      expect(error).not.toHaveBeenCalled();
    });

    it('are called again after a handler returned, until they are done or the run is aborted', async () => {
      const onReturned = vi
        .fn<NonNullable<JobHook['onReturned']>>()
        .mockRejectedValueOnce(new Error('WRONGPASS'))
        .mockRejectedValueOnce(new Error('WRONGPASS'))
        .mockResolvedValue(undefined);
      const { signal } = new AbortController();
      const hooks = new JobHooks([{ onReturned }], logger, outage);
      await hooks.returned({ ...job, signal } as RunningJob, 5);
      expect(onReturned).toHaveBeenCalledTimes(3);
      expect(error).toHaveBeenCalledOnce();

      const aborted = { ...job, signal: AbortSignal.abort() } as RunningJob;
      onReturned.mockRejectedValue(new Error('WRONGPASS'));
      await hooks.returned(aborted, 5);
      expect(onReturned).toHaveBeenCalledTimes(4);
    });
  });
});
