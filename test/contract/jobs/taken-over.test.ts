import { getQueueToken } from '@nestjs/bullmq';
import { Injectable, Logger } from '@nestjs/common';
import { type Queue, Worker } from 'bullmq';
import { Job } from 'nestjs-jobs';
import { expect, it, onTestFinished, vi } from 'vitest';
import { describeEngines } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';

@Injectable()
class Work {
  @Job({ queue: 'work', attempts: 3 })
  run(): string {
    return 'ran';
  }
}

const LOCK = { duration: 400, sweep: 100 };

describeEngines('a job whose process stops renewing its lock', (engine) => {
  it('is told of once, by the process that takes it over', async () => {
    const lines: string[] = [];
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: string) => void lines.push(line));
    onTestFinished(() => void vi.restoreAllMocks());
    const api = await createJobsApp(engine, { providers: [Work], options: { workers: false } });
    const handle = await api.jobs.enqueue(Work, (s) => s.run());
    const other = await api.jobs.enqueue(Work, (s) => s.run());

    // Claims the first one and is not heard of again, as a process that was killed.
    const queue = api.module.get<Queue>(getQueueToken('work'));
    const dead = new Worker('work', null, { ...queue.opts, lockDuration: LOCK.duration });
    onTestFinished(() => dead.close(true));
    expect((await dead.getNextJob('dead'))?.id).toBe(handle.id);

    const server = { providers: [Work], isolation: api.isolation, options: { lock: LOCK } };
    await Promise.all([createJobsApp(engine, server), createJobsApp(engine, server)]);
    expect(await handle.result()).toBe('ran');
    expect(await other.result()).toBe('ran');
    await expect.poll(() => lines).toEqual([expect.stringContaining('is taken over from')]);
    expect(lines[0]).toContain('Job Work.run (queue "work", attempt 1 of 3) is taken over from');
    expect(lines[0]).toContain('stopped renewing its lock');
    expect(lines[0]).toContain(handle.id);
  });
});
