import { Injectable, Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, expect, it } from 'vitest';
import { describeEngines, placeOn } from '../../../../test/support/engines.js';
import { JOBS_ENGINE } from '../contracts/index.js';
import { Job } from '../decorators/index.js';
import { QueueRegistry } from '../engines/index.js';
import { Repairs } from '../execution/index.js';
import { HubQueue } from '../hubs/index.js';
import { JobsModule } from '../jobs.module.js';
import { JobScheduler } from '../scheduler/index.js';
import { ContinuationBook } from './continuation-book.js';
import { LinkAttachment } from './link-attachment.js';
import { hubIdOf, LinkBook } from './link-book.js';
import { LinkSweep } from './link-sweep.js';

@Injectable()
class Work {
  gate = Promise.withResolvers<void>();
  started = Promise.withResolvers<void>();
  isBroken = true;

  @Job({ queue: 'work', attempts: 1 })
  async wait(): Promise<string> {
    this.started.resolve();
    await this.gate.promise;
    return 'waiting';
  }

  @Job({ queue: 'work', attempts: 1 })
  async fail(): Promise<string> {
    if (this.isBroken) throw new Error('broken');
    return 'a repair';
  }

  @Job()
  async next(value: string): Promise<string> {
    return `after ${value}`;
  }
}

/**
 * What others do to hubs and jobs, who know nothing of links; a sweep of all parts puts it right.
 */
describeEngines('the sweep of links', (engine) => {
  let module: TestingModule;
  const isolation = engine.reusedIsolation();

  afterEach(async () => {
    await module.close();
    await engine.cleanup(isolation);
  });

  const boot = async () => {
    module = await Test.createTestingModule({
      // A part is swept now and then by itself; here it is asked for.
      imports: [
        JobsModule.forRoot({
          connection: engine.connection,
          ...placeOn(engine.connection, isolation),
          enqueueTimeout: 5_000,
          lock: { duration: '2s', sweep: '1 h' },
        }),
      ],
      providers: [Work],
    }).compile();
    Logger.overrideLogger(false);
    await module.init();
    const links = module.get(LinkBook);
    const hubs = module.get(HubQueue);
    const sweep = async (): Promise<void> => {
      // Links that are younger than this may still get their hub from whoever stored them.
      const later = new LinkSweep(links, module.get(LinkAttachment), module.get(JOBS_ENGINE), {
        enqueueTimeoutMs: -1_000,
      } as never);
      for (const digit of '0123456789abcdef')
        await later.sweep(digit, module.get(Repairs).of('links'));
    };
    const hubOf = async (job: { queue: string; id: string }): Promise<string> =>
      hubIdOf((await links.read(job))!.links);
    return {
      links,
      hubs,
      sweep,
      hubOf,
      jobs: module.get(JobScheduler),
      work: module.get(Work),
      queue: module.get(QueueRegistry).get('work'),
      book: module.get(ContinuationBook),
    };
  };

  it('adds a hub that was removed, while the job runs', async () => {
    const { jobs, work, hubs, hubOf, sweep } = await boot();
    const job = await jobs.enqueue(Work, (s) => s.wait());
    await work.started.promise;
    const next = await jobs.continueWith(job, Work, (s, value) => s.next(value));
    await hubs.remove(await hubOf(job));
    await sweep();
    expect(await hubs.bullmq.getJobState(await hubOf(job))).toBe('waiting-children');
    work.gate.resolve();
    expect(await next.result()).toBe('after waiting');
  });

  it('adds a hub that was removed, when the job has ended', async () => {
    const { jobs, work, hubs, hubOf, sweep } = await boot();
    const job = await jobs.enqueue(Work, (s) => s.wait());
    await work.started.promise;
    const next = await jobs.continueWith(job, Work, (s, value) => s.next(value));
    await hubs.remove(await hubOf(job));
    work.gate.resolve();
    await job.result();
    expect(await next.state()).toBe('waiting-children');
    await sweep();
    expect(await next.result()).toBe('after waiting');
  });

  it('lets skipped continuations wait again, when the job was retried without us', async () => {
    const { jobs, work, queue, sweep } = await boot();
    const job = await jobs.enqueue(Work, (s) => s.fail());
    const next = await jobs.continueWith(job, Work, (s, value) => s.next(value));
    await expect(next.result()).rejects.toThrow(/was skipped/);
    work.isBroken = false;
    await (await queue.getJob(job.id))!.retry();
    await job.result();
    await sweep();
    expect(await next.result()).toBe('after a repair');
  });

  it('ends what waits for a job that is gone without a trace', async () => {
    const { jobs, links, book, sweep, work } = await boot();
    const job = await jobs.enqueue(Work, (s) => s.wait());
    const next = await jobs.continueWith(job, Work, (s, value) => s.next(value));
    const { stored } = (await book.read(next))!;
    const orphaned = { queue: 'default', id: 'orphan', name: 'Work.next' };
    const ghost = { queue: 'work', id: 'ghost', name: 'Work.wait' };
    await book.create({ ...stored, job: { ...stored.job, id: 'orphan' }, after: [ghost] });
    await links.add(ghost, [orphaned]);
    await sweep();
    const orphan = await jobs.get(orphaned);
    await expect(orphan!.result()).rejects.toThrow(/was removed/);
    work.gate.resolve();
    await next.result();
  });

  it('changes nothing where nothing is wrong', async () => {
    const { jobs, work, hubOf, sweep } = await boot();
    const job = await jobs.enqueue(Work, (s) => s.wait());
    await work.started.promise;
    const next = await jobs.continueWith(job, Work, (s, value) => s.next(value));
    const before = await hubOf(job);
    await sweep();
    expect(await hubOf(job)).toBe(before);
    work.gate.resolve();
    expect(await next.result()).toBe('after waiting');
  });

  it('is not needed for a job that has another parent', async () => {
    const { jobs, work, hubs } = await boot();
    const opts = { jobId: 'child', attempts: 1 };
    const child = { queue: 'work', id: 'child', name: 'Work.wait', data: { args: [] }, opts };
    await hubs.addWith({ kind: 'other', id: 'other-hub', data: {} }, [child]);
    await work.started.promise;
    const next = await jobs.continueWith(child, Work, (s) => s.next('a child'));
    work.gate.resolve();
    expect(await next.result()).toBe('after a child');
    await hubs.remove('other-hub');
  });
});
