import { Injectable, Logger, UseGuards, type CanActivate } from '@nestjs/common';
import { Job, JobCancelledError, JobContext } from 'nestjs-jobs';
import { expect, it, vi } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

@Injectable()
class Hesitation implements CanActivate {
  readonly begun = signal();

  constructor(private readonly context: JobContext) {}

  canActivate(): Promise<boolean> {
    const abort = this.context.signal;
    this.begun.resolve();
    return new Promise((_, reject) =>
      abort.addEventListener('abort', () => reject(abort.reason as Error)),
    );
  }
}

@Injectable()
class Work {
  readonly started = signal();
  readonly aborted = signal<unknown>();
  calls = 0;

  constructor(private readonly context: JobContext) {}

  @Job()
  async obey(): Promise<void> {
    this.calls++;
    this.started.resolve();
    const abort = this.context.signal;
    await new Promise((_, reject) =>
      abort.addEventListener('abort', () => reject(abort.reason as Error)),
    );
  }

  @Job()
  async ignore(): Promise<void> {
    this.calls++;
    this.context.signal.addEventListener('abort', () =>
      this.aborted.resolve(this.context.signal.reason),
    );
    this.started.resolve();
    await new Promise(() => undefined);
  }

  @Job()
  async quick(): Promise<void> {
    this.calls++;
  }

  @Job({ attempts: 3 })
  @UseGuards(Hesitation)
  async guarded(): Promise<void> {
    this.calls++;
  }
}

describeEngines('cancellation', (engine) => {
  const boot = (options = {}, isolation?: ReturnType<typeof engine.isolation>) =>
    createJobsApp(engine, {
      providers: [Work, Hesitation],
      options: { abortTimeout: 100, ...options },
      ...(isolation && { isolation }),
    });

  it('aborts a running handler in another application, with the reason', async () => {
    const worker = await boot();
    const producer = await boot({ workers: false }, worker.isolation);
    const handle = await producer.jobs.enqueue(Work, (s) => s.obey());
    await worker.module.get(Work).started.promise;
    expect(await producer.jobs.cancel(handle, 'not needed')).toBe(true);
    await expect(handle.result()).rejects.toThrow(/was cancelled: not needed/);
    await expect(handle.result()).rejects.toThrow(JobCancelledError);
    expect(await handle.state()).toBe('failed');
  });

  it('is no error in the log, whatever it met', async () => {
    const lines: string[] = [];
    vi.spyOn(Logger.prototype, 'error').mockImplementation((line) => lines.push(`E ${line}`));
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line) => lines.push(`W ${line}`));
    const told = signal();
    vi.spyOn(Logger.prototype, 'log').mockImplementation((line: string) => {
      if (/Work.(obey|quick).* was cancelled/.test(line)) lines.push(line);
      if (lines.length === 2) told.resolve();
    });
    const { jobs, module } = await boot();
    const running = await jobs.enqueue(Work, (s) => s.obey());
    await module.get(Work).started.promise;
    await jobs.cancel(running);
    const waiting = await jobs.schedule(Work, (s) => s.quick(), { delay: '3 days' });
    await jobs.cancel(waiting);
    await told.promise;
    expect(lines.filter((line) => /^[EW] /.test(line) && line.includes('Work.'))).toEqual([]);
    vi.restoreAllMocks();
  });

  it('ends a handler that ignores its signal', async () => {
    const { jobs, module } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.ignore());
    await module.get(Work).started.promise;
    await jobs.cancel(handle);
    expect(await module.get(Work).aborted.promise).toBeInstanceOf(JobCancelledError);
    await expect(handle.result()).rejects.toThrow(JobCancelledError);
  });

  it('ends a job whose guard has not answered yet, without another attempt', async () => {
    const { jobs, module } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.guarded());
    await module.get(Hesitation).begun.promise;
    await jobs.cancel(handle);
    await expect(handle.result()).rejects.toThrow(JobCancelledError);
    expect((await handle.details())?.attemptsMade).toBe(1);
  });

  it('fails a job that waits without calling its handler, even one that is due in days', async () => {
    const worker = await boot();
    const handle = await worker.jobs.schedule(Work, (s) => s.quick(), { delay: '3 days' });
    expect(await worker.jobs.cancel(handle, 'too late')).toBe(true);
    await expect(handle.result()).rejects.toThrow(/was cancelled: too late/);
    expect(worker.module.get(Work).calls).toBe(0);
  });

  it('removes a job that no live worker would fail, and remembers why', async () => {
    const { jobs } = await boot({ workers: false });
    const handle = await jobs.enqueue(Work, (s) => s.quick());
    expect(await jobs.cancel(handle, 'nobody works here')).toBe(true);
    expect(await handle.state()).toBe('removed');
    await expect(handle.result()).rejects.toThrow(/nobody works here/);
  });

  it('has nothing to cancel in a finished or unknown job', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.quick());
    await handle.result();
    expect(await jobs.cancel(handle)).toBe(false);
    expect(await jobs.cancel('no-such-job')).toBe(false);
    await expect(handle.result()).resolves.toBeUndefined();
  });

  it('means one job, not a later one with the same id', async () => {
    const producer = await boot({ workers: false });
    const first = await producer.jobs.enqueue(Work, (s) => s.quick(), { id: 'daily' });
    await producer.jobs.cancel(first, 'not today');
    const second = await producer.jobs.enqueue(Work, (s) => s.quick(), { id: 'daily' });
    const worker = await boot({}, producer.isolation);
    await expect(second.result()).resolves.toBeUndefined();
    expect(worker.module.get(Work).calls).toBe(1);
  });

  it('reaches a job that no process has a handler for', async () => {
    const { jobs } = await boot();
    const handle = await jobs.enqueueByName('Nobody.knows', [], { queue: 'default' });
    await jobs.cancel(handle, 'nobody will come');
    await expect(handle.result({ timeout: '10s' })).rejects.toThrow(/nobody will come/);
  });

  it('lets a cancelled job be retried by hand', async () => {
    const { jobs, module } = await boot();
    const handle = await jobs.schedule(Work, (s) => s.quick(), { delay: '1 day' });
    await jobs.cancel(handle);
    await expect(handle.result()).rejects.toThrow(JobCancelledError);
    await jobs.retry(handle);
    await handle.result();
    expect(module.get(Work).calls).toBe(1);
  });
});
