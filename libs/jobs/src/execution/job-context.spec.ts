import { describe, expect, it, vi } from 'vitest';
import { currentJob } from '../calling/index.js';
import type { RunningJob } from '../contracts/index.js';
import { NoJobContextError } from '../errors/index.js';
import { resolveOptions } from '../options/index.js';
import { Checkpoints } from './checkpoints.js';
import { JobContext } from './job-context.js';

class NoCheckpoints extends Checkpoints {
  once(): Promise<never> {
    return Promise.reject(new Error('no store'));
  }
}

const context = new JobContext(
  resolveOptions({ connection: 'redis://localhost' }),
  new NoCheckpoints(),
);

function fakeJob(id = '7') {
  return {
    id,
    name: 'S.m',
    queue: 'q',
    attempt: 2,
    attempts: 3,
    signal: new AbortController().signal,
    progress: vi.fn<RunningJob['progress']>(() => Promise.resolve()),
    log: vi.fn<RunningJob['log']>(() => Promise.resolve()),
    extend: vi.fn<RunningJob['extend']>(() => Promise.resolve()),
  };
}

describe('outside a job', () => {
  it('is not active', () => {
    expect(context.isActive).toBe(false);
  });

  it.each<[string, () => unknown]>([
    ['id', () => context.id],
    ['name', () => context.name],
    ['queue', () => context.queue],
    ['attempt', () => context.attempt],
    ['attempts', () => context.attempts],
    ['signal', () => context.signal],
    ['progress()', () => context.progress(1)],
    ['log()', () => context.log('x')],
    ['extend()', () => context.extend(5)],
    ['once()', () => context.once('x', () => 1)],
  ])('%s says so, and what to do', (member, use) => {
    expect(use).toThrow(NoJobContextError);
    expect(use).toThrow(`JobContext.${member} was used outside a job`);
    expect(use).toThrow(/JobContext\.isActive/);
  });
});

describe('inside a job', () => {
  it('tells which job it is', () => {
    const job = fakeJob();
    currentJob.run(job, () => {
      expect(context.isActive).toBe(true);
      expect(context).toMatchObject({ id: '7', name: 'S.m', queue: 'q', attempt: 2, attempts: 3 });
      expect(context.signal).toBe(job.signal);
    });
    expect(context.isActive).toBe(false);
  });

  it('keeps concurrent jobs apart, also after awaits and timers', async () => {
    const seen = async () => {
      await Promise.resolve();
      await new Promise((resolve) => setTimeout(resolve, 5));
      return context.id;
    };
    const ids = ['a', 'b', 'c'];
    const all = await Promise.all(ids.map((id) => currentJob.run(fakeJob(id), seen)));
    expect(all).toEqual(ids);
  });

  it('hands on progress, log lines and extensions', async () => {
    const job = fakeJob();
    await currentJob.run(job, async () => {
      await context.progress({ done: 5 });
      await context.log('half\0way');
      await context.extend('2 minutes');
    });
    expect(job.progress).toHaveBeenCalledWith({ done: 5 });
    expect(job.log).toHaveBeenCalledWith('half\uFFFDway');
    expect(job.extend).toHaveBeenCalledWith(120_000);
  });

  it('refuses to extend by what is no duration', () => {
    currentJob.run(fakeJob(), () => {
      expect(() => context.extend('soon')).toThrow(/extend\(\) expected a duration, got soon/);
    });
  });

  it.each<[string, unknown]>([
    ['NUL', { note: 'a\0' }],
    ['a lone surrogate', { note: '\uD800' }],
    ['NUL in a key', { 'a\0': 1 }],
  ])('never hands the store progress with %s', async (_what, progress) => {
    const job = fakeJob();
    // Refused or made storable: both are fine, but not a job that fails on one engine alone.
    await currentJob
      .run(job, async () => context.progress(progress as object))
      .catch(() => undefined);
    for (const [value] of job.progress.mock.calls) {
      const text = JSON.stringify(value);
      expect(text).not.toContain(String.raw`\u0000`);
      expect(text).not.toMatch(/\\ud[89a-f]/);
    }
  });
});
