import { Injectable, Logger } from '@nestjs/common';
import { Job, JobScheduler } from 'nestjs-jobs';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';

@Injectable()
class Reports {
  static started = 0;
  static all = signal();

  constructor(private readonly jobs: JobScheduler) {}

  @Job({ queue: 'reports', attempts: 1 })
  async build(together: number): Promise<unknown> {
    // Else the parts of the first may be taken before the second.
    if (++Reports.started === together) Reports.all.resolve();
    await Reports.all.promise;
    const parts = [1, 2].map((n) => this.jobs.enqueue(Reports, (s) => s.part(n)));
    return Promise.all((await Promise.all(parts)).map((part) => part.result()));
  }

  @Job({ queue: 'reports', attempts: 1 })
  async part(n: number): Promise<number> {
    return n;
  }

  @Job({ attempts: 1 })
  async buildElsewhere(): Promise<unknown> {
    const part = await this.jobs.enqueue(Reports, (s) => s.part(1));
    return part.result();
  }
}

describeEngines('a handler that waits for a job of its own queue', (engine) => {
  const lines: string[] = [];
  const boot = async (concurrency: number) => {
    [Reports.started, Reports.all] = [0, signal()];
    const queues = { reports: { concurrency }, default: { concurrency: 1 } };
    const app = await createJobsApp(engine, {
      providers: [Reports],
      options: { queues, abortTimeout: 100 },
    });
    const told = signal();
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => {
      if (!line.includes('wait for the result')) return;
      lines.push(line);
      told.resolve();
    });
    return { ...app, told: told.promise };
  };
  afterEach(() => {
    vi.restoreAllMocks();
    lines.length = 0;
  });

  it('is warned of when all that could run it wait as well', async () => {
    const { jobs, told } = await boot(2);
    const handles = [
      await jobs.enqueue(Reports, (s) => s.build(2)),
      await jobs.enqueue(Reports, (s) => s.build(2)),
    ];
    await told;
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/of the queue "reports" \(2\).*Use continueWith\(\)/);
    for (const handle of handles) await jobs.cancel(handle);
  });

  it('is no matter when there is somebody to run it', async () => {
    const { jobs } = await boot(2);
    const handle = await jobs.enqueue(Reports, (s) => s.build(1));
    expect(await handle.result()).toEqual([1, 2]);
    const other = await jobs.enqueue(Reports, (s) => s.buildElsewhere());
    expect(await other.result()).toBe(1);
    expect(lines).toEqual([]);
  });
});
