import type { Job } from 'bullmq';
import { describe, expect, it, vi } from 'vitest';
import type { Handler } from '../discovery/index.js';
import type { StoredPayload } from '../payload/index.js';
import { JobRun } from './job-run.js';

function runOf(job: Partial<Job<StoredPayload>> = {}): JobRun {
  const stored = {
    id: '7',
    name: 'S.m',
    queueName: 'q',
    attemptsMade: 0,
    opts: { attempts: 3 },
    ...job,
  };
  return new JobRun(stored as Job<StoredPayload>, 'token', {} as Handler);
}

describe('a run of a job', () => {
  it('says which job it is, and which attempt', () => {
    expect(runOf()).toMatchObject({ id: '7', name: 'S.m', queue: 'q', attempt: 1, attempts: 3 });
    expect(runOf({ attemptsMade: 2 }).attempt).toBe(3);
  });

  it('does not count waits, shutdowns and crashes as attempts', () => {
    expect(runOf({ attemptsMade: 0, attemptsStarted: 5 }).attempt).toBe(1);
  });

  it('hands progress, log lines and extensions to its job', async () => {
    const job = {
      updateProgress: vi.fn<() => Promise<void>>(() => Promise.resolve()),
      log: vi.fn<() => Promise<number>>(() => Promise.resolve(1)),
      extendLock: vi.fn<() => Promise<number>>(() => Promise.resolve(1)),
    };
    const run = runOf(job as never);
    await run.progress({ done: 1 });
    await run.log('line');
    await run.extend(5_000);
    expect(job.updateProgress).toHaveBeenCalledWith({ done: 1 });
    expect(job.log).toHaveBeenCalledWith('line');
    expect(job.extendLock).toHaveBeenCalledWith('token', 5_000);
  });
});
