import { Injectable } from '@nestjs/common';
import { expect, it } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { createJobsApp } from '../../../../test/support/jobs-app.js';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { Job } from '../decorators/index.js';
import { Repairs } from '../execution/index.js';
import { HubQueue } from '../hubs/index.js';
import type { JobHandle } from '../enqueueing/index.js';
import { JobScheduler } from '../scheduler/index.js';
import { RunningBatches } from './running-batches.js';

@Injectable()
class Work {
  readonly gate = Promise.withResolvers<void>();

  @Job({ queue: 'work', attempts: 1 })
  async fail(): Promise<void> {
    throw new Error('no');
  }

  @Job({ queue: 'work' })
  wait(): Promise<void> {
    return this.gate.promise;
  }
}

describeEngines('batches that nothing would end', (engine) => {
  it('end although the flow was sent twice, around the failure of a job', async () => {
    const app = await createJobsApp(engine, { providers: [Work] });
    const jobs = app.module.get(JobScheduler);
    const hubs = app.module.get(HubQueue);
    const sent: Parameters<typeof hubs.addWith>[] = [];
    const add = hubs.addWith.bind(hubs);
    hubs.addWith = (...args) => {
      sent.push(args);
      return add(...args);
    };
    let failing!: JobHandle<void>;
    const batch = await jobs.batch((b) => {
      failing = b.enqueue(Work, (s) => s.fail());
      b.enqueue(Work, (s) => s.wait());
    });
    await expect(failing.result()).rejects.toThrow('no');
    await add(...sent[0]!);
    app.module.get(Work).gate.resolve();

    await expect.poll(async () => (await batch.progress()).completed).toBe(1);
    await app.module
      .get(RunningBatches)
      .repair(batch.id.slice(-1), app.module.get(Repairs).of('batches'));
    expect(await batch.finished()).toMatchObject({ state: 'failed', completed: 1, failed: 1 });
  });

  it('are not remembered after their end', async () => {
    const app = await createJobsApp(engine, { providers: [Work] });
    const { store } = app.module.get<Engine>(JOBS_ENGINE);
    const batch = await app.module.get(JobScheduler).batch((b) => b.enqueue(Work, (s) => s.wait()));
    expect((await store.entries('batch:')).size).toBe(1);
    await app.module
      .get(RunningBatches)
      .repair(batch.id.slice(-1), app.module.get(Repairs).of('batches'));
    expect(await batch.state()).toBe('running');
    app.module.get(Work).gate.resolve();
    await batch.finished();
    expect((await store.entries('batch:')).size).toBe(0);
  });

  it('are forgotten a minute after they were announced, when they were never stored', async () => {
    const app = await createJobsApp(engine, { providers: [Work] });
    const { store } = app.module.get<Engine>(JOBS_ENGINE);
    const running = app.module.get(RunningBatches);
    await running.announce('announced-now-0', Date.now());
    await running.announce('announced-before-0', Date.now() - 65_000);
    await running.repair('0', app.module.get(Repairs).of('batches'));
    expect([...(await store.entries('batch:')).keys()]).toEqual(['batch:0:announced-now-0']);
  });
});
