import { getQueueToken } from '@nestjs/bullmq';
import { Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import { Continuation, Job, type JobsModuleOptions } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';
import { listenToLog } from '../../support/log.js';
import { version } from '../../support/versions.js';

const IMPATIENT: JobsModuleOptions = { unknownNameTimeout: 300 };
const SOON = { timeout: 15_000 };

describeEngines('stored jobs of a handler that a version has dropped', (engine) => {
  const bootNewest = async (isolation: Isolation, hear: (line: string) => void = () => {}) => {
    const newest = version(() => undefined, { name: 'other' });
    const { module } = await createJobsApp(engine, {
      providers: [newest, listenToLog(({ line }) => hear(line))],
      options: IMPATIENT,
      isolation,
    });
    const queue = module.get<Queue>(getQueueToken('default'));
    /** By the name of each failed job, why. */
    return async () => {
      const failed = await queue.getFailed();
      return failed.map(({ name, failedReason }) => ({ name, failedReason }));
    };
  };

  it('fail, and say what to do', async () => {
    const dropped = version(() => undefined, { name: 'dropped' });
    const { jobs, close, isolation } = await createJobsApp(engine, { providers: [dropped] });
    await jobs.schedule(dropped, (s) => s.run(), { delay: 500 });
    await close();
    const failed = await bootNewest(isolation);
    await expect.poll(failed, SOON).toEqual([
      {
        name: 'dropped',
        failedReason: expect.stringMatching(
          /No handler for job "dropped" \(id .*\) in queue "default" after .*This process knows "other"\. Deploy .*`aliases`.*retry.*or remove it/,
        ),
      },
    ]);
  }, 30_000);

  it('fail where they are continuations of a job that ran meanwhile', async () => {
    const started = signal();
    const gate = signal();
    @Injectable()
    class Older {
      @Job({ name: 'process' })
      async process(): Promise<string> {
        started.resolve();
        await gate.promise;
        return 'processed';
      }

      @Continuation({ after: [Older, 'process'], name: 'notify' })
      async notify(): Promise<void> {}
    }
    const older = await createJobsApp(engine, { providers: [Older] });
    const { isolation } = older;
    const producer = await createJobsApp(engine, { isolation, options: { workers: false } });
    const { id } = await older.jobs.enqueue(Older, (s) => s.process());
    await started.promise;
    // The older one claims nothing any more, and waits for the end of its job.
    const failed = await bootNewest(isolation, (line) => {
      if (line.startsWith('Stopping: ')) gate.resolve();
    });
    await older.close();
    const process = (await producer.jobs.get({ queue: 'default', id }))!;
    expect(await process.result()).toBe('processed');
    await expect
      .poll(failed, SOON)
      .toEqual([
        { name: 'notify', failedReason: expect.stringMatching(/No handler for job "notify"/) },
      ]);
  }, 30_000);
});
