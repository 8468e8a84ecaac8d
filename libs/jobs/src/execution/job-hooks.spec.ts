import { describe, expect, it, vi } from 'vitest';
import type { JobHook, RunningJob, RunOutcome } from '../contracts/index.js';
import type { JobLogger } from '../logging/index.js';
import { JobHooks } from './job-hooks.js';

const job = { id: '1', name: 'S.m', queue: 'q', attempt: 1, attempts: 1 };
const outcome: RunOutcome = { status: 'completed', result: 5, durationMs: 1 };

describe('job hooks', () => {
  it('are called in order, each with the job and its outcome', () => {
    const calls: unknown[] = [];
    const hook = (name: string): JobHook => ({
      onStarted: (j) => calls.push([name, 'started', j]),
      onSettled: (j, o) => calls.push([name, 'settled', j, o]),
    });
    const hooks = new JobHooks([hook('a'), {}, hook('b')], {} as JobLogger);
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
    const hooks = new JobHooks([new BrokenHook(), { onSettled }], {
      error,
    } as unknown as JobLogger);
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
    );
    let isOver = false;
    const returned = hooks.returned(job as RunningJob, 5)!.then(() => (isOver = true));
    await Promise.resolve();
    expect(isOver).toBe(false);
    resolve();
    await returned;
    expect(isOver).toBe(true);
  });
});
