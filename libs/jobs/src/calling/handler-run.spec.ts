import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JobTimeoutError } from '../errors/index.js';
import { readNativesAgain } from '../timers/index.js';
import { HandlerRun } from './handler-run.js';

class Run extends HandlerRun {
  readonly id = '7';
  readonly name = 'S.m';
  readonly queue = 'q';
  readonly attempt = 1;
  readonly attempts = 3;
  progress = () => Promise.resolve();
  log = () => Promise.resolve();
  extend = () => Promise.resolve();
}

describe('a run', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    readNativesAgain();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    readNativesAgain();
  });

  const first = new Error('first');
  const second = new Error('second');

  it('can be ended although what it follows, which is no Promise, never ends', async () => {
    const run = new Run();
    const started = Promise.withResolvers<void>();
    // oxlint-disable-next-line unicorn/no-thenable -- what is tested
    const end = run.follow({ then: () => started.resolve() });
    await started.promise;
    run.abort(first);
    run.endNow();
    await expect(end).rejects.toBe(first);
  });

  it('measures how long it takes', () => {
    const run = new Run();
    vi.advanceTimersByTime(1_234);
    expect(run.elapsedMs).toBe(1_234);
  });

  describe('has a signal', () => {
    it('that is one and the same', () => {
      const run = new Run();
      expect(run.signal).toBe(run.signal);
      expect(run.signal.aborted).toBe(false);
    });

    it('that is aborted with the reason', () => {
      const run = new Run();
      const heard = vi.fn<() => void>();
      run.signal.addEventListener('abort', heard);
      run.abort(first);
      expect(run.signal.reason).toBe(first);
      expect(heard).toHaveBeenCalledOnce();
    });

    it('that is aborted already when it is asked for after the abort', () => {
      const run = new Run();
      run.abort(first);
      expect(run.signal.aborted).toBe(true);
      expect(run.signal.reason).toBe(first);
    });

    it('that keeps the first reason', () => {
      const run = new Run();
      void run.signal;
      run.abort(first);
      run.abort(second);
      expect(run.signal.reason).toBe(first);
      expect(run.abortReason).toBe(first);
    });
  });

  describe('follows its handler', () => {
    it('to what it returns or throws', async () => {
      await expect(new Run().follow(Promise.resolve(5))).resolves.toBe(5);
      await expect(new Run().follow(Promise.reject(first))).rejects.toBe(first);
    });

    it('until it is ended by force, with the reason of the abort', async () => {
      const run = new Run();
      const outcome = run.follow(new Promise(() => undefined));
      run.abort(first);
      run.endNow();
      await expect(outcome).rejects.toBe(first);
    });

    it('unless nobody aborted it: then it cannot be ended', async () => {
      const run = new Run();
      const outcome = run.follow(Promise.resolve('done'));
      run.endNow();
      await expect(outcome).resolves.toBe('done');
    });

    it('through its grace period, and no longer', async () => {
      const run = new Run();
      const ended = vi.fn<(reason: unknown) => void>();
      const outcome = run.follow(new Promise(() => undefined)).catch(ended);
      run.abortWithin(first, 5_000);
      expect(run.signal.aborted).toBe(true);
      await vi.advanceTimersByTimeAsync(4_999);
      expect(ended).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      await outcome;
      expect(ended).toHaveBeenCalledExactlyOnceWith(first);
      run.end();
    });

    it('for as long as its handler may take, and the grace period', async () => {
      const run = new Run();
      const outcome = run.follow(new Promise(() => undefined));
      outcome.catch(() => undefined);
      run.limitTo(1_000, 500);
      await vi.advanceTimersByTimeAsync(1_000);
      expect(run.signal.reason).toBeInstanceOf(JobTimeoutError);
      await vi.advanceTimersByTimeAsync(500);
      await expect(outcome).rejects.toBe(run.abortReason);
      run.end();
    });

    it('to its outcome when it obeys within the grace period', async () => {
      const run = new Run();
      const work = Promise.withResolvers<string>();
      const outcome = run.follow(work.promise);
      run.abortWithin(first, 5_000);
      work.resolve('saved');
      await expect(outcome).resolves.toBe('saved');
      run.end();
    });

    it('with the first reason when a second abort ends it', async () => {
      const run = new Run();
      const outcome = run.follow(new Promise(() => undefined));
      run.abortWithin(first, 5_000);
      run.abortWithin(second, 10);
      outcome.catch(() => undefined);
      await vi.advanceTimersByTimeAsync(10);
      await expect(outcome).rejects.toBe(first);
      run.end();
    });

    it('without an unhandled rejection when the handler throws after its end', async () => {
      const run = new Run();
      const work = Promise.withResolvers<never>();
      const outcome = run.follow(work.promise);
      run.abort(first);
      run.endNow();
      await expect(outcome).rejects.toBe(first);
      work.reject(second);
      await vi.advanceTimersByTimeAsync(1);
    });

    it('not at all when its grace period was over before it began', async () => {
      const run = new Run();
      run.abortWithin(first, 10);
      await vi.advanceTimersByTimeAsync(20);
      const outcome = Promise.race([
        run.follow(new Promise(() => undefined)),
        Promise.resolve('goes on'),
      ]);
      await expect(outcome).rejects.toBe(first);
      run.end();
    });
  });

  describe('has timers', () => {
    it('that call back after a while', () => {
      const run = new Run();
      const action = vi.fn<() => void>();
      run.after(50, action);
      vi.advanceTimersByTime(49);
      expect(action).not.toHaveBeenCalled();
      vi.advanceTimersByTime(1);
      expect(action).toHaveBeenCalledOnce();
    });

    it('that end with it', () => {
      const run = new Run();
      const action = vi.fn<() => void>();
      run.after(50, action);
      run.after(60, action);
      run.end();
      vi.advanceTimersByTime(100);
      expect(action).not.toHaveBeenCalled();
    });

    it('that wait for weeks', () => {
      const run = new Run();
      const action = vi.fn<() => void>();
      run.after(30 * 86_400_000, action);
      vi.advanceTimersByTime(60_000);
      expect(action).not.toHaveBeenCalled();
      run.end();
    });
  });
});
