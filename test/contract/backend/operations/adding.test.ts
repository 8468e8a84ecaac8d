import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { entryOf } from '../job-drafts.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

describeBackends('adding a job', (backend) => {
  backend.it(
    'numbers jobs from 1, also past jobs that bring an id',
    async (store) => {
      const queue = new QueueDriver(store);
      expect(await queue.add()).toBe('1');
      expect(await queue.add({ id: 'mine' })).toBe('mine');
      expect(await queue.add({ opts: { delay: 60_000 } })).toBe('3');
      expect(await queue.add({ opts: { priority: 5 } })).toBe('4');
    },
    POSTGRES.ownIdsTakeNoNumber,
  );

  backend.it('stores what the caller said, and nothing that did not happen yet', async (store) => {
    const queue = new QueueDriver(store);
    const timestamp = Date.now();
    const opts = { attempts: 3, backoff: { type: 'fixed', delay: 10 }, priority: 7, keepLogs: 5 };
    const id = await queue.add({ name: 'resize', data: { width: 3 }, timestamp, opts });
    const job = await queue.job(id);
    expect(job).toMatchObject({
      name: 'resize',
      data: '{"width":3}',
      opts,
      timestamp,
      delay: 0,
      priority: 7,
      progress: 0,
      attemptsMade: 0,
      attemptsStarted: 0,
      stalledCounter: 0,
    });
    for (const field of ['processedOn', 'finishedOn', 'parent', 'parentKey', 'processedBy']) {
      expect(job).not.toHaveProperty(field, expect.anything());
    }
    for (const field of ['failedReason', 'deferredFailure', 'repeatJobKey', 'deduplicationId']) {
      expect(job).not.toHaveProperty(field, expect.anything());
    }
  });

  backend.it('gives options back under the names they were given', async (store) => {
    const queue = new QueueDriver(store);
    const opts = {
      failParentOnFailure: true,
      keepLogs: 3,
      removeDependencyOnFailure: false,
      telemetry: { metadata: 'trace', omitContext: true },
      sizeLimit: 1_000,
      stackTraceLimit: 4,
      removeOnComplete: { age: 5, count: 2 },
      removeOnFail: 9,
    };
    const id = await queue.add({ opts });
    expect((await queue.job(id)).opts).toMatchObject(opts);
  });

  backend.it(
    'keeps the text of the data as it was',
    async (store) => {
      const queue = new QueueDriver(store);
      const { job } = entryOf({ id: 'text' });
      const data = '{ "b": 1, "a": 1.0, "b": 2 }';
      await queue.backend.addJob({ ...job, data }, 'text');
      expect((await queue.job('text')).data).toBe(data);
    },
    POSTGRES.jsonb,
  );

  backend.it('keeps text of any language, and long text', async (store) => {
    const queue = new QueueDriver(store);
    const data = { text: '日本 😀 \u0001 "\\" ’', long: 'x'.repeat(300_000) };
    const id = await queue.add({ name: 'größe', data });
    const job = await queue.job(id);
    expect(job.name).toBe('größe');
    expect(JSON.parse(job.data)).toEqual(data);
  });

  backend.it('puts a job where its options say', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'plain' });
    await queue.add({ id: 'late', opts: { delay: 60_000 } });
    await queue.add({ id: 'ranked', opts: { priority: 3 } });
    await queue.add({ id: 'late and ranked', opts: { delay: 60_000, priority: 3 } });
    expect(await queue.state('plain')).toBe('waiting');
    expect(await queue.state('late')).toBe('delayed');
    expect(await queue.state('ranked')).toBe('prioritized');
    expect(await queue.state('late and ranked')).toBe('delayed');
  });

  backend.it(
    'lets a parent wait for its children, whatever else its options say',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.add({ id: 'parent', waitsForChildren: true });
      await queue.add({ id: 'late', waitsForChildren: true, opts: { delay: 60_000, priority: 2 } });
      expect(await queue.state('parent')).toBe('waiting-children');
      expect(await queue.state('late')).toBe('waiting-children');
      expect(await queue.history('parent')).toEqual(['added', 'waiting-children']);
    },
    POSTGRES.parentsOnlyInFlows,
  );

  backend.it('refuses a child whose parent does not exist', async (store) => {
    const queue = new QueueDriver(store);
    const child = { id: 'child', parent: queue.parent('nobody') };
    await expect(queue.add(child)).rejects.toThrow(
      `Missing key for parent job ${queue.key('nobody')}. addJob`,
    );
    expect(await queue.state('child')).toBe('unknown');
  });

  backend.it('leaves a job alone whose id it has already', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'twin', name: 'first', data: 1 });
    expect(await queue.add({ id: 'twin', name: 'second', data: 2, opts: { priority: 4 } })).toBe(
      'twin',
    );
    expect(await queue.job('twin')).toMatchObject({ name: 'first', data: '1', priority: 0 });
    expect(await queue.claimAll()).toEqual(['twin']);
    expect(await queue.history('twin')).toEqual([
      'added',
      'waiting',
      'duplicated',
      'active<waiting',
    ]);
  });

  backend.it('does not run a finished job again because its id is added', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'done' }, 'result');
    expect(await queue.add({ id: 'done', data: 'new' })).toBe('done');
    expect(await queue.state('done')).toBe('completed');
    expect(await queue.claimAll()).toEqual([]);
  });

  backend.it(
    'adds many jobs in their order, of every kind',
    async (store) => {
      const queue = new QueueDriver(store);
      const entries = [
        { opts: { priority: 2 } },
        { id: 'mine' },
        { id: 'first', opts: { lifo: true } },
        { opts: { delay: 60_000 } },
        { id: 'mine' },
        {},
      ].map(entryOf);
      expect(await queue.backend.addJobs(entries)).toEqual([
        '1',
        'mine',
        'first',
        '4',
        'mine',
        '6',
      ]);
      expect(await queue.claimAll()).toEqual(['first', 'mine', '6', '1']);
      expect(await queue.state('4')).toBe('delayed');
    },
    POSTGRES.ownIdsTakeNoNumber,
  );

  backend.it('adds none when it is given none', async (store) => {
    const queue = new QueueDriver(store);
    expect(await queue.backend.addJobs([])).toEqual([]);
    expect(await queue.add()).toBe('1');
  });

  backend.it('keeps queues apart that share a connection', async (store) => {
    const one = new QueueDriver(store);
    const other = new QueueDriver(store, { queueName: `${store.queueName}-other` });
    expect(await one.add({ data: 'one' })).toBe('1');
    expect(await other.add({ data: 'other' })).toBe('1');
    expect((await other.job('1')).data).toBe('"other"');
    expect(await other.claimAll()).toEqual(['1']);
    expect(await one.state('1')).toBe('waiting');
  });
});
