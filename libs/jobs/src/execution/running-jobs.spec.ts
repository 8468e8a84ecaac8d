import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobRun } from './job-run.js';
import { RunningJobs } from './running-jobs.js';
import { readNativesAgain } from '../timers/index.js';

const runOf = (id: string, queue = 'q') => ({ id, queue }) as JobRun;

describe('running jobs', () => {
  let running: RunningJobs;

  beforeEach(() => {
    vi.useFakeTimers();
    readNativesAgain();
    running = new RunningJobs();
  });
  afterEach(() => {
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
    readNativesAgain();
  });

  it('are found by queue and id', () => {
    const a = runOf('1');
    const b = runOf('1', 'other');
    running.add(a);
    running.add(b);
    expect(running.find('q', '1')).toBe(a);
    expect(running.find('other', '1')).toBe(b);
    expect(running.find('q', '2')).toBeUndefined();
    expect(running.all()).toEqual([a, b]);
    expect(running.size).toBe(2);
  });

  it('keep the newer run of a job that runs here twice', () => {
    const older = runOf('1');
    const newer = runOf('1');
    running.add(older);
    running.add(newer);
    running.remove(older);
    expect(running.find('q', '1')).toBe(newer);
    running.remove(newer);
    expect(running.size).toBe(0);
  });

  describe('are waited for', () => {
    it('not at all when none runs', async () => {
      await expect(running.whenIdle(1_000)).resolves.toBe(true);
    });

    it('until the last one ends', async () => {
      const [a, b] = [runOf('1'), runOf('2')];
      running.add(a);
      running.add(b);
      const idle = vi.fn<(idle: boolean) => void>();
      const waiting = running.whenIdle(1_000).then(idle);
      running.remove(a);
      await vi.advanceTimersByTimeAsync(500);
      expect(idle).not.toHaveBeenCalled();
      running.remove(b);
      await waiting;
      expect(idle).toHaveBeenCalledExactlyOnceWith(true);
    });

    it('no longer than was asked for', async () => {
      const run = runOf('1');
      running.add(run);
      const waiting = running.whenIdle(1_000);
      await vi.advanceTimersByTimeAsync(1_000);
      await expect(waiting).resolves.toBe(false);
      running.remove(run);
    });

    it('by several at once, and again later', async () => {
      const run = runOf('1');
      running.add(run);
      const both = Promise.all([running.whenIdle(1_000), running.whenIdle(2_000)]);
      running.remove(run);
      await expect(both).resolves.toEqual([true, true]);
      running.add(run);
      const again = running.whenIdle(1_000);
      running.remove(run);
      await expect(again).resolves.toBe(true);
    });

    it('not by an unknown run that ends', async () => {
      const run = runOf('1');
      running.add(run);
      const waiting = running.whenIdle(1_000);
      running.remove(runOf('2'));
      await vi.advanceTimersByTimeAsync(1_000);
      await expect(waiting).resolves.toBe(false);
    });
  });
});
