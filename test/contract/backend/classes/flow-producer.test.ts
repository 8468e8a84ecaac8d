import type { Job, JobNode } from 'bullmq';
import { expect } from 'vitest';
import { describeBackends, EVENTS_PATIENCE_MS, type Store } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';

/** A tree as names, the children in the order of theirs. */
type Names = [name: string, children: Names[]];

function namesOf({ job, children = [] }: JobNode): Names {
  return [job.name, children.map(namesOf).toSorted(([a], [b]) => a.localeCompare(b))];
}

/** A report that is made of two halves, of which one has a part of its own. */
const reportIn = (queueName: string, opts = {}) => ({
  name: 'report',
  queueName,
  data: {},
  children: [
    { name: 'left', queueName, data: 1, opts },
    {
      name: 'right',
      queueName,
      data: 2,
      opts,
      children: [{ name: 'leaf', queueName, data: 3, opts }],
    },
  ],
});

/** Runs all jobs: each adds its number to those of its children. */
const addUp = async (job: Job<unknown>) => {
  const values = Object.values(await job.getChildrenValues<number>());
  const own = typeof job.data === 'number' ? job.data : 0;
  return values.reduce((sum, value) => sum + value, own);
};

async function stateOf(store: Store, { job }: JobNode): Promise<string> {
  return store.queue().getJobState(job.id!);
}

describeBackends('the flow producer', (backend) => {
  backend.it('adds a tree that runs from its leaves to its root', async (store) => {
    const flows = store.flowProducer();
    const events = store.queueEvents();
    const order: string[] = [];
    store.worker(async (job: Job) => {
      order.push(job.name);
      return addUp(job);
    });
    const root = await flows.add(reportIn(store.queueName));
    expect(await root.job.waitUntilFinished(events, EVENTS_PATIENCE_MS)).toBe(6);
    expect(order.toSorted()).toEqual(['leaf', 'left', 'report', 'right']);
    expect(order.indexOf('leaf')).toBeLessThan(order.indexOf('right'));
    expect(order.at(-1)).toBe('report');
  });

  backend.it('gives the tree back, as deep as it is asked to', async (store) => {
    const flows = store.flowProducer();
    const { job } = await flows.add(reportIn(store.queueName));
    const where = { queueName: store.queueName, id: job.id! };
    expect(namesOf(await flows.getFlow(where))).toEqual([
      'report',
      [
        ['left', []],
        ['right', [['leaf', []]]],
      ],
    ]);
    expect(namesOf(await flows.getFlow({ ...where, depth: 2 }))[1]).toEqual([
      ['left', []],
      ['right', []],
    ]);
    expect(await flows.getFlow({ ...where, id: 'nobody' })).toBeUndefined();
  });

  backend.it('adds many trees', async (store) => {
    const flows = store.flowProducer();
    const trees = await flows.addBulk([reportIn(store.queueName), reportIn(store.queueName)]);
    expect(trees).toHaveLength(2);
    expect(await store.queue().getJobCounts('waiting-children', 'wait')).toEqual({
      'waiting-children': 4,
      wait: 4,
    });
  });

  backend.it('lets the failure of a leaf fail the whole tree', async (store) => {
    const flows = store.flowProducer();
    const events = store.queueEvents();
    store.worker(async (job: Job) => {
      if (job.name === 'leaf') throw new Error('broken');
      return addUp(job);
    });
    const root = await flows.add(reportIn(store.queueName, { failParentOnFailure: true }));
    await expect(root.job.waitUntilFinished(events, EVENTS_PATIENCE_MS)).rejects.toThrow(
      /^child .* failed$/,
    );
    const right = root.children!.find(({ job }) => job.name === 'right')!;
    expect(await stateOf(store, right)).toBe('failed');
    expect(await stateOf(store, right.children![0]!)).toBe('failed');
  });

  backend.it('lets a parent run in spite of failures that it ignores', async (store) => {
    const flows = store.flowProducer();
    const events = store.queueEvents();
    store.worker(async (job: Job) => {
      if (job.name === 'leaf') throw new Error('broken');
      return job.name === 'right' ? Object.values(await job.getIgnoredChildrenFailures()) : 0;
    });
    const root = await flows.add(reportIn(store.queueName, { ignoreDependencyOnFailure: true }));
    await root.job.waitUntilFinished(events, EVENTS_PATIENCE_MS);
    const right = root.children!.find(({ job }) => job.name === 'right');
    expect((await store.queue().getJob(right!.job.id!))?.returnvalue).toEqual(['broken']);
  });

  backend.it(
    'lets a parent run at once when a child has failed',
    async (store) => {
      const flows = store.flowProducer();
      const events = store.queueEvents();
      const { queueName } = store;
      store.worker(async (job: Job) => {
        if (job.name === 'bad') throw new Error('broken');
        await job.removeUnprocessedChildren();
        return Object.values(await job.getFailedChildrenValues());
      });
      const root = await flows.add({
        name: 'parent',
        queueName,
        children: [
          { name: 'bad', queueName, opts: { continueParentOnFailure: true } },
          { name: 'stuck', queueName, opts: { delay: 60_000 } },
        ],
      });
      expect(await root.job.waitUntilFinished(events, EVENTS_PATIENCE_MS)).toEqual(['broken']);
      expect(await store.queue().getDelayedCount()).toBe(0);
    },
    POSTGRES.removedChildrenPend,
  );

  backend.it('spans queues, and tells a job of its family', async (store) => {
    const flows = store.flowProducer();
    const { queueName } = store;
    const other = `${queueName}-other`;
    const { job, children } = await flows.add({
      name: 'parent',
      queueName,
      children: [
        { name: 'child', queueName: other, data: 1 },
        { name: 'child', queueName: other, data: 2 },
      ],
    });
    const worker = store.worker(null, {}, other);
    const first = await worker.getNextJob('token');
    await first.moveToCompleted('first', 'token', false);
    expect(await job.getDependenciesCount()).toEqual({
      processed: 1,
      unprocessed: 1,
      ignored: 0,
      failed: 0,
    });
    expect(await job.getChildrenValues()).toEqual({
      [`${first.queueQualifiedName}:${first.id}`]: 'first',
    });
    const open = children!.find((node) => node.job.id !== first.id)!;
    expect(await open.job.removeChildDependency()).toBe(true);
    expect(await job.getState()).toBe('waiting');
    const page = await store.queue().getDependencies(job.id!, 'processed', 0, 9);
    expect(page).toMatchObject({ total: 1, items: [{ v: 'first' }] });
  });

  backend.it('removes a tree with its root', async (store) => {
    const flows = store.flowProducer();
    const { job } = await flows.add(reportIn(store.queueName));
    await job.remove();
    const queue = store.queue();
    expect(await queue.getJobCountByTypes('wait', 'waiting-children')).toBe(0);
    expect(await queue.getJob(job.id!)).toBeUndefined();
  });
});
