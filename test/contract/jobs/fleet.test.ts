import { Injectable, type Type } from '@nestjs/common';
import { Job, type JobHandle, type JobOptions, type JobsModuleOptions } from 'nestjs-jobs';
import { expect, it } from 'vitest';
import { describeEngines, type Isolation } from '../../support/engines.js';
import { createJobsApp, signal } from '../../support/jobs-app.js';
import { listenToWarnings } from '../../support/warnings.js';

/** A service whose one handler has this stored name. */
function service(name: string, run: () => unknown, options: JobOptions = {}): Type<Runner> {
  @Injectable()
  class Service {
    async run(..._args: unknown[]): Promise<unknown> {
      return run();
    }
  }
  const method = Object.getOwnPropertyDescriptor(Service.prototype, 'run')!;
  Job({ ...options, name })(Service.prototype, 'run', method as never);
  return Service;
}

interface Runner {
  run(...args: unknown[]): Promise<unknown>;
}

const IMPATIENT: JobsModuleOptions = { unknownNameTimeout: 300 };

describeEngines('servers that share a queue and no handler', (engine) => {
  const boot = (type: Type<Runner>, isolation?: Isolation, options = IMPATIENT) =>
    createJobsApp(engine, { providers: [type], options, ...(isolation && { isolation }) });

  const finished = async (handles: readonly JobHandle[]) =>
    Promise.all(handles.map((handle) => handle.result({ timeout: 30_000 })));

  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  it('hand jobs over at once to the one that knows their name, and never give them up', async () => {
    const mine = service('mine.run', async () => {
      await pause(20);
      return 'ran';
    });
    const { isolation, jobs } = await boot(mine);
    const others = [1, 2, 3].map(() =>
      boot(
        service('other.run', () => undefined),
        isolation,
      ),
    );
    await Promise.all(others);
    const handles = await Promise.all(
      Array.from({ length: 30 }, () => jobs.enqueue(mine, (s) => s.run())),
    );
    expect(await finished(handles)).toEqual(Array.from({ length: 30 }, () => 'ran'));
  }, 40_000);

  it('keep jobs for one that is busy longer than unknown names are waited for', async () => {
    const release = signal();
    const mine = service('mine.run', () => release.promise);
    const { isolation, jobs } = await boot(mine, undefined, {
      ...IMPATIENT,
      defaults: { concurrency: 1 },
    });
    await boot(
      service('other.run', () => undefined),
      isolation,
    );
    const handles = [
      await jobs.enqueue(mine, (s) => s.run()),
      await jobs.enqueue(mine, (s) => s.run()),
    ];
    await pause(1_500);
    const start = performance.now();
    release.resolve();
    await finished(handles);
    expect(performance.now() - start).toBeLessThan(1_500);
  });

  it('take over what waits for their names when they boot', async () => {
    const patient = { unknownNameTimeout: '10 min' } as const;
    const { isolation, jobs } = await boot(
      service('old.run', () => undefined),
      undefined,
      patient,
    );
    const handle = await jobs.enqueueByName('new.run', [], { queue: 'default' });
    // By now it waits for 4 s.
    await pause(5_000);
    const start = performance.now();
    await boot(
      service('new.run', () => 'done'),
      isolation,
      patient,
    );
    await expect(handle.result({ timeout: 20_000 })).resolves.toBe('done');
    expect(performance.now() - start).toBeLessThan(2_000);
  });

  it('do not bring keyed jobs to a standstill', async () => {
    let running = 0;
    const run = async () => {
      running += 1;
      const most = running;
      await pause(5);
      running -= 1;
      return most;
    };
    const mine = service('mine.run', run, {
      concurrency: { key: (id: number) => id, limit: 1 },
    });
    const { isolation, jobs } = await boot(mine);
    await Promise.all(
      [1, 2].map(() =>
        boot(
          service('other.run', () => undefined),
          isolation,
        ),
      ),
    );
    const handles = await Promise.all(
      Array.from({ length: 30 }, (_, i) => jobs.enqueue(mine, (s) => s.run(i % 3))),
    );
    const most = Math.max(...((await finished(handles)) as number[]));
    expect(most).toBeLessThanOrEqual(3);
  }, 40_000);

  it('say so at boot', async () => {
    const first = await boot(service('mine.run', () => undefined));
    const { warnings, listener } = listenToWarnings();
    await createJobsApp(engine, {
      providers: [service('other.run', () => undefined), listener],
      isolation: first.isolation,
    });
    expect(warnings).toEqual([expect.stringMatching(/works on "default" too.*no job name/)]);
  });

  it('say nothing to another server of the same service', async () => {
    const mine = service('mine.run', () => undefined);
    const first = await boot(mine);
    const { warnings, listener } = listenToWarnings();
    await createJobsApp(engine, { providers: [mine, listener], isolation: first.isolation });
    expect(warnings).toEqual([]);
  });
});
