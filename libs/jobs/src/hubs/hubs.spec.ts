import { Injectable, Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Job as BullJob } from 'bullmq';
import { afterEach, expect, it } from 'vitest';
import { describeEngines, placeOn } from '../../../../test/support/engines.js';
import { Job } from '../decorators/index.js';
import { QueueRegistry } from '../engines/index.js';
import { JobsModule } from '../jobs.module.js';
import type { PreparedJob } from '../enqueueing/index.js';
import { JobScheduler } from '../scheduler/index.js';
import { ChildOutcomes, HUB_KINDS, HubQueue, type HubKind, type JobOutcome } from './index.js';

@Injectable()
class Work {
  release = Promise.withResolvers<void>();
  calls = 0;
  started = Promise.withResolvers<void>();

  @Job({ queue: 'work', attempts: 1 })
  async run(what: 'succeed' | 'fail' | 'wait'): Promise<{ what: string }> {
    this.calls += 1;
    this.started.resolve();
    if (what === 'wait') await this.release.promise;
    if (what === 'fail') throw new RangeError('too far');
    return { what };
  }
}

class Watch implements HubKind {
  readonly kind = 'watch';
  readonly outcomes: (JobOutcome | undefined)[] = [];
  readonly faults: Error[] = [];
  sweeps = '';
  parts!: ChildOutcomes;

  async run(hub: BullJob): Promise<number | undefined> {
    const fault = this.faults.pop();
    if (fault) throw fault;
    const outcome = await this.parts.of(hub, hub.data as never);
    this.outcomes.push(outcome);
    return outcome === undefined ? 50 : undefined;
  }

  sweep(shard: string): Promise<void> {
    this.sweeps += shard;
    return Promise.resolve();
  }
}

describeEngines('hubs', (engine) => {
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  const boot = async (options = {}, isolation = engine.reusedIsolation()) => {
    const watch = new Watch();
    const module: TestingModule = await Test.createTestingModule({
      imports: [
        JobsModule.forRoot({
          connection: engine.connection,
          ...placeOn(engine.connection, isolation),
          lock: { duration: '2s', sweep: 200 },
          ...options,
        }),
      ],
      providers: [Work],
    })
      .overrideProvider(HUB_KINDS)
      .useValue([watch])
      .compile();
    Logger.overrideLogger(false);
    await module.init();
    closing.push(
      () => engine.cleanup(isolation),
      () => module.close(),
    );
    watch.parts = module.get(ChildOutcomes);
    const hubs = module.get(HubQueue);
    const queue = module.get(QueueRegistry).get('work');
    const ended = async (): Promise<JobOutcome> => {
      await expect
        .poll(() => watch.outcomes.at(-1), { timeout: 8_000, interval: 20 })
        .toBeDefined();
      return watch.outcomes.at(-1)!;
    };
    const gone = async (id: string): Promise<void> => {
      await expect.poll(() => hubs.bullmq.getJobState(id), { timeout: 3_000 }).toBe('unknown');
    };
    return {
      module,
      watch,
      hubs,
      queue,
      ended,
      gone,
      isolation,
      jobs: module.get(JobScheduler),
      work: module.get(Work),
    };
  };

  const name = 'Work.run';
  const call = (what: string, id = 'job'): PreparedJob => ({
    queue: 'work',
    name,
    id,
    data: { args: [what] },
    opts: { attempts: 1 },
  });
  const hubOf = (id: string, key = 'hub') => ({
    kind: 'watch',
    id: key,
    data: { queue: 'work', id, name },
  });

  it('run when the child that they were added with has completed, and are then gone', async () => {
    const { hubs, ended, gone } = await boot();
    await hubs.addWith(hubOf('job'), [call('succeed')]);
    expect(await ended()).toEqual({ status: 'completed', result: { what: 'succeed' } });
    await gone('hub');
  });

  it('run when it has failed, and are told the error', async () => {
    const { hubs, ended, gone } = await boot();
    await hubs.addWith(hubOf('job'), [call('fail')]);
    expect(await ended()).toEqual({
      status: 'failed',
      error: { name: 'RangeError', message: 'too far' },
    });
    await gone('hub');
  });

  it.each(['succeed', 'fail'] as const)('adopt a job that waits, which will %s', async (what) => {
    const producer = await boot({ workers: false });
    const { id } = await producer.jobs.enqueue(Work, (s) => s.run(what));
    expect(await producer.hubs.adopt(hubOf(id), { queue: 'work', id, name })).toBe(true);
    expect(await producer.hubs.bullmq.getJobState('hub')).toBe('waiting-children');
    const { ended, gone } = await boot({}, producer.isolation);
    expect((await ended()).status).toBe(what === 'succeed' ? 'completed' : 'failed');
    await gone('hub');
  });

  it.each(['succeed', 'fail'] as const)('adopt a job that runs, which will %s', async (what) => {
    const { jobs, hubs, work, ended, watch } = await boot();
    const { id } = await jobs.enqueue(Work, (s) => s.run('wait'));
    await work.started.promise;
    await hubs.adopt(hubOf(id), { queue: 'work', id, name });
    expect(watch.outcomes).toEqual([]);
    if (what === 'succeed') work.release.resolve();
    else work.release.reject(new RangeError('too far'));
    expect((await ended()).status).toBe(what === 'succeed' ? 'completed' : 'failed');
  });

  it('adopt a job that has completed, and run at once', async () => {
    const { jobs, hubs, ended } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.run('succeed'));
    await handle.result();
    await hubs.adopt(hubOf(handle.id), handle);
    expect((await ended()).status).toBe('completed');
  });

  it('adopt a job that has failed, and wait for its retry, or are released by hand', async () => {
    const { jobs, hubs, ended } = await boot();
    const handle = await jobs.enqueue(Work, (s) => s.run('fail'));
    await expect(handle.result()).rejects.toThrow('too far');
    await hubs.adopt(hubOf(handle.id), handle);
    expect(await hubs.bullmq.getJobState('hub')).toBe('waiting-children');
    expect(await hubs.release('hub', handle)).toBe(true);
    expect(await ended()).toMatchObject({ status: 'failed', error: { name: 'RangeError' } });
  });

  it('leave a job to the parent that it has', async () => {
    const { hubs } = await boot({ workers: false });
    await hubs.addWith(hubOf('job', 'first'), [call('succeed')]);
    expect(await hubs.adopt(hubOf('job', 'second'), { queue: 'work', id: 'job', name })).toBe(
      false,
    );
    expect(await hubs.bullmq.getJobState('second')).toBe('unknown');
    expect(await hubs.bullmq.getJobState('first')).toBe('waiting-children');
  });

  it.each<[string, (queue: ReturnType<QueueRegistry['get']>) => Promise<unknown>]>([
    ['removed', (queue) => queue.remove('job')],
    ['drained', (queue) => queue.drain()],
  ])('take a job that was %s for cancelled', async (_what, remove) => {
    const producer = await boot({ workers: false });
    await producer.hubs.addWith(hubOf('job'), [call('succeed')]);
    await remove(producer.queue);
    const { ended } = await boot({}, producer.isolation);
    expect(await ended()).toMatchObject({
      status: 'cancelled',
      error: { name: 'JobCancelledError', message: expect.stringContaining('removed') },
    });
  });

  it('put a job in the place of one that is gone, which does not run', async () => {
    const { hubs, ended, work } = await boot();
    await hubs.adopt(hubOf('job'), { queue: 'work', id: 'job', name });
    expect(await ended()).toMatchObject({ status: 'cancelled' });
    expect(work.calls).toBe(0);
  });

  it('know a result although the job is gone', async () => {
    const { hubs, queue, watch, ended } = await boot();
    watch.faults.push(new Error('once'));
    await hubs.addWith(hubOf('job'), [call('succeed')]);
    await expect.poll(() => queue.getJobState('job')).toBe('completed');
    await queue.remove('job');
    expect(await ended()).toMatchObject({ status: 'completed', result: { what: 'succeed' } });
  });

  it('wait behind no backlog and no pause of the queue of their children', async () => {
    const { hubs, queue, work, ended } = await boot();
    await hubs.addWith(hubOf('job'), [call('wait')]);
    await work.started.promise;
    await queue.pause();
    work.release.resolve();
    expect((await ended()).status).toBe('completed');
  });

  it('look again for as long as the child has not ended', async () => {
    const { hubs, jobs, work, watch, ended } = await boot();
    const { id } = await jobs.enqueue(Work, (s) => s.run('wait'));
    await hubs.addAlone(hubOf(id));
    await expect.poll(() => watch.outcomes.length).toBeGreaterThan(2);
    expect(watch.outcomes.every((outcome) => outcome === undefined)).toBe(true);
    work.release.resolve();
    expect((await ended()).status).toBe('completed');
  });

  it('are swept part by part, by one process', async () => {
    const first = await boot();
    const second = await boot({}, first.isolation);
    await expect
      .poll(() => first.watch.sweeps.length + second.watch.sweeps.length, { timeout: 5_000 })
      .toBeGreaterThan(4);
    expect('0123456789abcdef').toContain(first.watch.sweeps || second.watch.sweeps);
    expect([first.watch.sweeps, second.watch.sweeps]).toContain('');
  });
});
