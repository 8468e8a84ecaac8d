import { Injectable } from '@nestjs/common';
import { afterEach, expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import { createJobsApp } from '../../../../test/support/jobs-app.js';
import { Job } from '../decorators/index.js';
import {
  BatchUncertainError,
  DuplicateJobError,
  InvalidBatchError,
  StoreUnavailableError,
} from '../errors/index.js';
import { HubQueue } from '../hubs/index.js';
import { JobScheduler } from '../scheduler/index.js';
import { readBatch } from './stored-batch.js';
import { BatchDelivery } from './batch-delivery.js';

@Injectable()
class Work {
  @Job({ queue: 'work' })
  async run(value: number): Promise<number> {
    return value;
  }
}

describeEngines('storing a batch', (engine) => {
  afterEach(() => vi.restoreAllMocks());

  const boot = async () => {
    const app = await createJobsApp(engine, { providers: [Work], options: { workers: false } });
    const jobs = app.module.get(JobScheduler);
    const hubs = app.module.get(HubQueue);
    const add = hubs.addWith.bind(hubs);
    return {
      jobs,
      isolation: app.isolation,
      hubs,
      hub: app.module.get(BatchDelivery),
      around: (how: typeof hubs.addWith) => vi.spyOn(hubs, 'addWith').mockImplementation(how),
      add,
    };
  };
  const lost = new StoreUnavailableError('store the batch', 'the store did not answer');

  it('finds out that it was stored when the answer is lost', async () => {
    const { jobs, around, add } = await boot();
    around(async (...args) => {
      await add(...args);
      throw lost;
    });
    const batch = await jobs.batch((b) => b.enqueue(Work, (s) => s.run(1)));
    expect(await batch.progress()).toMatchObject({ total: 1, pending: 1 });
  });

  it('says that it does not know when the store is lost', async () => {
    const { jobs, around } = await boot();
    around(() => Promise.reject(lost));
    const error: unknown = await jobs
      .batch((b) => b.enqueue(Work, (s) => s.run(1)), { name: 'import' })
      .catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BatchUncertainError);
    expect(String(error)).toMatch(/whether batch "import" \(id .*\) was stored/);
    expect(await jobs.batches.get((error as BatchUncertainError).batchId)).toBeUndefined();
  });

  it('takes everything back when an id is taken at the very moment', async () => {
    const { jobs, around, add, isolation } = await boot();
    around(async (...args) => {
      await jobs.enqueue(Work, (s) => s.run(0), { id: 'mine' });
      await add(...args);
    });
    const ids: string[] = [];
    const attempt = jobs.batch((b) => {
      ids.push(b.enqueue(Work, (s) => s.run(1)).id);
      b.enqueue(Work, (s) => s.run(2), { id: 'mine' });
      b.batch((nested) => ids.push(nested.enqueue(Work, (s) => s.run(3), { id: 'other' }).id));
    });
    const error: unknown = await attempt.catch((e: unknown) => e);
    expect(error).toBeInstanceOf(InvalidBatchError);
    expect((error as InvalidBatchError).faults).toEqual([
      { part: 'job 2', error: expect.any(DuplicateJobError) as unknown },
    ]);
    for (const id of ids) expect(await jobs.get({ queue: 'work', id })).toBeUndefined();
    const mine = (await jobs.get({ queue: 'work', id: 'mine' }))!;
    expect(await mine.state()).toBe('waiting');
    await createJobsApp(engine, { providers: [Work], isolation });
    expect(await mine.result()).toBe(0);
  });

  it('stores nothing, not even for a moment, when an id is taken', async () => {
    const { jobs, around } = await boot();
    await jobs.enqueue(Work, (s) => s.run(0), { id: 'mine' });
    const stored = around(() => Promise.resolve());
    const attempt = jobs.batch((b) => b.enqueue(Work, (s) => s.run(1), { id: 'mine' }));
    await expect(attempt).rejects.toThrow(InvalidBatchError);
    expect(stored).not.toHaveBeenCalled();
  });

  it('continues nothing when its hub is released before the last job has ended', async () => {
    const { jobs, hubs, hub } = await boot();
    const batch = await jobs.batch((b) => b.enqueue(Work, (s) => s.run(1)), {
      onFinished: [Work, (s, { completed }) => s.run(completed)],
    });
    const released = (await readBatch(hubs, batch.id))!;
    expect(await hub.run(released)).toBeTypeOf('number');
    const continuation = { queue: 'work', id: `${batch.id}-onFinished` };
    expect(await jobs.get(continuation)).toBeUndefined();
  });
});
