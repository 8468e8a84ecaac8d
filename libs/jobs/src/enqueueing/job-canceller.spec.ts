import { Injectable } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { createJobsApp, signal } from '../../../../test/support/jobs-app.js';
import { CANCEL_CHANNEL, cancelRequests, type CancelRequest } from '../coordination/index.js';
import { JOBS_ENGINE, type CoordinationStore, type Engine } from '../contracts/index.js';
import { TurnHook } from '../concurrency/index.js';
import { Job } from '../decorators/index.js';
import { JobCancelledError, JobFailedError } from '../errors/index.js';
import { JobContext, RunningJobs } from '../execution/index.js';

@Injectable()
class Work {
  readonly started = signal();
  readonly go = signal();
  calls = 0;

  constructor(private readonly context: JobContext) {}

  @Job()
  async obey(): Promise<void> {
    const { signal: abort } = this.context;
    this.calls += 1;
    this.started.resolve();
    abort.throwIfAborted();
    await new Promise((_, reject) =>
      abort.addEventListener('abort', () => reject(abort.reason as Error)),
    );
  }

  /** Takes its time to react. */
  @Job()
  async linger(): Promise<void> {
    this.started.resolve();
    await this.go.promise;
    this.context.signal.throwIfAborted();
  }

  @Job({ attempts: 1 })
  async fail(): Promise<void> {
    this.started.resolve();
    await this.go.promise;
    throw new Error('by itself');
  }
}

describeEngines('a job that changes while it is cancelled', (engine) => {
  afterEach(() => void vi.restoreAllMocks());

  const boot = async (workers: boolean) => {
    const options = { workers, abortTimeout: '5s' };
    const { jobs, module } = await createJobsApp(engine, { providers: [Work], options });
    return { jobs, module, work: module.get(Work) };
  };

  /** Does something when the next request is about to be stored, or was. */
  const around = (parts: {
    before?: () => Promise<unknown>;
    after?: (store: CoordinationStore, request: CancelRequest) => Promise<unknown>;
  }) => {
    const { store } = cancelRequests;
    vi.spyOn(cancelRequests, 'store').mockImplementationOnce(async (...args) => {
      await parts.before?.();
      const stored = await store(...args);
      await parts.after?.(...args);
      return stored;
    });
  };

  it('has the reason of the first, which its run was given', async () => {
    const { jobs, work } = await boot(true);
    const handle = await jobs.enqueue(Work, (s) => s.linger());
    await work.started.promise;
    expect(await jobs.cancel(handle, 'first')).toBe(true);
    expect(await jobs.cancel(handle, 'second')).toBe(true);
    work.go.resolve();
    const error: unknown = await handle.result().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(JobCancelledError);
    expect(String(error)).toMatch(/was cancelled: first/);
  });

  it('stays cancelled when the second finds that it has failed meanwhile', async () => {
    const { jobs, work } = await boot(true);
    const handle = await jobs.enqueue(Work, (s) => s.obey());
    await work.started.promise;
    around({
      before: async () => {
        await jobs.cancel(handle);
        await expect.poll(() => handle.state()).toBe('failed');
      },
    });
    expect(await jobs.cancel(handle)).toBe(false);
    await expect(handle.result()).rejects.toThrow(JobCancelledError);
  });

  it('stays cancelled when the second finds that it was removed meanwhile', async () => {
    const { jobs } = await boot(false);
    const handle = await jobs.enqueue(Work, (s) => s.obey());
    around({ before: () => jobs.cancel(handle, 'first') });
    expect(await jobs.cancel(handle, 'second')).toBe(false);
    await expect(handle.result()).rejects.toThrow(/was cancelled: first/);
  });

  it('stays cancelled when the first finds that it has ended by the second', async () => {
    const { jobs } = await boot(false);
    const handle = await jobs.enqueue(Work, (s) => s.obey());
    around({ after: () => jobs.cancel(handle, 'second') });
    await jobs.cancel(handle, 'first');
    await expect(handle.result()).rejects.toThrow(/was cancelled: first/);
  });

  it('was cancelled when it ends by a request before the one who asked looks', async () => {
    const { jobs, work } = await boot(true);
    const handle = await jobs.enqueue(Work, (s) => s.obey());
    await work.started.promise;
    around({
      after: async (store, request) => {
        // As the renewal of its lock does.
        await store.publish(CANCEL_CHANNEL, JSON.stringify(request));
        await expect.poll(() => handle.state()).toBe('failed');
      },
    });
    expect(await jobs.cancel(handle, 'now')).toBe(true);
    await expect(handle.result()).rejects.toThrow(/was cancelled: now/);
  });

  it('stays cancelled for as long as it is kept, longer than the request', async () => {
    const { jobs, module } = await boot(true);
    const handle = await jobs.schedule(Work, (s) => s.obey(), { delay: '1h' });
    await jobs.cancel(handle, 'not needed');
    await expect.poll(() => handle.state()).toBe('failed');
    // As its age does.
    await cancelRequests.forget(module.get<Engine>(JOBS_ENGINE).store, handle);
    await expect(handle.result()).rejects.toThrow(JobCancelledError);
  });

  it('is not run when it was claimed, and its handler not called yet', async () => {
    const { jobs, module, work } = await boot(true);
    const claim = signal();
    vi.spyOn(module.get(TurnHook), 'onClaimed').mockImplementation(async () => {
      await claim.promise;
      return { action: 'run' };
    });
    const handle = await jobs.enqueue(Work, (s) => s.obey());
    const run = () => module.get(RunningJobs).find(handle.queue, handle.id);
    await expect.poll(run).toBeDefined();
    expect(await jobs.cancel(handle)).toBe(true);
    await expect.poll(() => run()?.abortReason).toBeDefined();
    claim.resolve();
    await expect(handle.result()).rejects.toThrow(JobCancelledError);
    expect(work.calls).toBe(0);
  });

  it('has failed by itself when the request came too late', async () => {
    const { jobs, work } = await boot(true);
    const handle = await jobs.enqueue(Work, (s) => s.fail());
    await work.started.promise;
    around({
      before: async () => {
        work.go.resolve();
        await expect.poll(() => handle.state()).toBe('failed');
      },
    });
    expect(await jobs.cancel(handle, 'too late')).toBe(false);
    await expect(handle.result()).rejects.toThrow(JobFailedError);
  });
});
