import { Injectable, type Type } from '@nestjs/common';
import { Job, type JobsModuleOptions } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp } from '../../support/jobs-app.js';
import { listenToWarnings } from '../../support/warnings.js';

interface Runner {
  run(): Promise<string>;
}

/** A version of a service, with its one handler in this queue. */
function serviceIn(queue: string): Type<Runner> {
  @Injectable()
  class Service {
    @Job({ name: 'moved.run', queue })
    async run(): Promise<string> {
      return queue;
    }
  }
  return Service;
}

describeEngines('jobs that a handler leaves in its old queue', (engine) => {
  const older = serviceIn('old-queue');
  const newer = serviceIn('new-queue');

  const boot = (providers: Type[], isolation?: Isolation, options: JobsModuleOptions = {}) =>
    createJobsApp(engine, { providers, options, ...(isolation && { isolation }) });

  /** Stores a job by an old version that only enqueues. */
  const leaveJob = async () => {
    const app = await boot([older], undefined, { workers: false });
    const handle = await app.jobs.enqueue(older, (s) => s.run());
    return { handle, isolation: app.isolation };
  };

  it('are warned of at boot when no server works on them', async () => {
    const { isolation } = await leaveJob();
    const { warnings, listener } = listenToWarnings();
    await boot([newer, listener], isolation);
    expect(warnings).toEqual([
      expect.stringMatching(/"old-queue" holds 1 job and no server works on it/),
    ]);
  });

  it('are not warned of while a server works on them, or when there are none', async () => {
    const app = await boot([older]);
    const { isolation } = app;
    await app.jobs.schedule(older, (s) => s.run(), { delay: '1 h' });
    const { warnings, listener } = listenToWarnings();
    await boot([newer, listener], isolation);
    expect(warnings).toEqual([]);
    const [empty] = [await boot([serviceIn('empty-queue')], undefined)];
    await empty.close();
    const again = listenToWarnings();
    await boot([newer, again.listener], empty.isolation);
    expect(again.warnings).toEqual([]);
  });

  it('are run by a server that is told to work on their queue', async () => {
    const { handle, isolation } = await leaveJob();
    const options = { queues: { 'old-queue': {} }, workers: ['new-queue', 'old-queue'] };
    const { warnings, listener } = listenToWarnings();
    await boot([newer, listener], isolation, options);
    await expect(handle.result({ timeout: 15_000 })).resolves.toBe('new-queue');
    expect(warnings).toEqual([]);
  });
});
