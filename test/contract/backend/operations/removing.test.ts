import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

describeBackends('removing a job', (backend) => {
  backend.it(
    'removes a job from each state, and says from which',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.finished({ id: 'done' });
      await queue.failed({ id: 'lost' });
      await queue.add({ id: 'late', opts: { delay: 60_000 } });
      await queue.add({ id: 'ranked', opts: { priority: 2 } });
      await queue.addAll('waiting');
      for (const [id, state] of [
        ['done', 'completed'],
        ['lost', 'failed'],
        ['late', 'delayed'],
        ['ranked', 'prioritized'],
        ['waiting', 'wait'],
      ] as const) {
        expect(await queue.backend.remove(id, false)).toBe(1);
        expect(await queue.state(id)).toBe('unknown');
        expect((await queue.history(id)).at(-1)).toBe(`removed<${state}`);
      }
    },
    POSTGRES.removedIsNotTold,
  );

  backend.it('forgets all about a removed job', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    await queue.backend.addLog('one', 'a line');
    await queue.backend.remove('one', true);
    expect(await queue.backend.getJobData('one')).toBeUndefined();
    expect(await queue.backend.getJobLogs('one', 0, -1, true)).toEqual({ logs: [], count: 0 });
    expect(await queue.claimAll()).toEqual([]);
  });

  backend.it(
    'removes nothing where there is nothing, and does not say so',
    async (store) => {
      const queue = new QueueDriver(store);
      expect(await queue.backend.remove('nobody', false)).toBe(1);
      expect(await queue.events()).toEqual([]);
    },
    POSTGRES.removeTellsMissing,
  );

  backend.it('does not remove a job that runs', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    await queue.claim();
    expect(await queue.backend.remove('one', false)).toBe(0);
    expect(await queue.state('one')).toBe('active');
  });

  backend.it('removes a job with all its children', async (store) => {
    const queue = new QueueDriver(store);
    const other = new QueueDriver(store, { queueName: `${store.queueName}-other` });
    await queue.addFlow({ id: 'parent' }, { id: 'done' }, { id: 'open', queue: other });
    await queue.claim();
    await queue.complete('done');
    await queue.backend.remove('parent', true);
    expect(await queue.state('parent')).toBe('unknown');
    expect(await queue.state('done')).toBe('unknown');
    expect(await other.state('open')).toBe('unknown');
  });

  backend.it(
    'tells of each child that is removed with its parent',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addFlow({ id: 'parent' }, { id: 'child' });
      expect(await queue.backend.remove('parent', true)).toBe(1);
      const removed = (await queue.events()).filter(({ event }) => event === 'removed');
      expect(removed).toEqual([
        { event: 'removed', jobId: 'child', prev: 'wait' },
        { event: 'removed', jobId: 'parent', prev: 'wait' },
      ]);
    },
    POSTGRES.removedIsNotTold,
  );

  backend.it('removes none of a family of which one runs', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'parent' }, { id: 'running' }, { id: 'open' });
    await queue.claim();
    expect(await queue.backend.remove('parent', true)).toBe(0);
    expect(await queue.state('parent')).toBe('waiting-children');
    expect(await queue.state('open')).toBe('waiting');
  });

  backend.it('leaves the children where only the parent is to go', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'parent' }, { id: 'child' });
    expect(await queue.backend.remove('parent', false)).toBe(1);
    expect(await queue.state('child')).toBe('waiting');
    await queue.claim();
    await queue.complete('child');
    expect(await queue.state('child')).toBe('completed');
  });

  backend.it('runs a parent whose last child is removed', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'parent' }, { id: 'a' }, { id: 'b' });
    await queue.backend.remove('a', false);
    expect(await queue.state('parent')).toBe('waiting-children');
    await queue.backend.remove('b', false);
    expect(await queue.state('parent')).toBe('waiting');
    expect((await queue.history('parent')).at(-1)).toBe('waiting<waiting-children');
  });

  backend.it('removes the children that did not run yet', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'parent' }, { id: 'done' }, { id: 'running' }, { id: 'open' });
    await queue.claim();
    await queue.complete('done');
    await queue.claim();
    await queue.backend.removeUnprocessedChildren('parent');
    expect(await queue.state('open')).toBe('unknown');
    expect(await queue.state('done')).toBe('completed');
    expect(await queue.state('running')).toBe('active');
    expect(await queue.state('parent')).toBe('waiting-children');
  });

  backend.it('removes children in other queues that did not run yet', async (store) => {
    const queue = new QueueDriver(store);
    const other = new QueueDriver(store, { queueName: `${store.queueName}-other` });
    await queue.addFlow({ id: 'parent' }, { id: 'child', queue: other });
    await queue.backend.removeUnprocessedChildren('parent');
    expect(await other.state('child')).toBe('unknown');
  });

  backend.it(
    'lets a running parent end whose children were removed',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('parent');
      await queue.claim();
      await queue.add({ id: 'child', parent: queue.parent('parent') });
      await queue.backend.removeUnprocessedChildren('parent');
      await queue.complete('parent');
      expect(await queue.state('parent')).toBe('completed');
    },
    POSTGRES.removedChildrenPend,
  );

  backend.it('cuts a child off its parent', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'parent' }, { id: 'child' });
    expect(await queue.backend.removeChildDependency('child', queue.key('parent'))).toBe(true);
    expect(await queue.job('child')).not.toHaveProperty('parentKey', expect.anything());
    expect(await queue.state('parent')).toBe('waiting');
    expect(await queue.backend.removeChildDependency('child', queue.key('parent'))).toBe(false);
  });

  backend.it(
    'cuts off only what is there',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('one');
      const cut = (id: string, parent: string) =>
        queue.backend.removeChildDependency(id, queue.key(parent));
      await expect(cut('nobody', 'one')).rejects.toMatchObject({
        code: -1,
        message: 'Missing key for job nobody. removeChildDependency',
      });
      await expect(cut('one', 'nobody')).rejects.toMatchObject({
        code: -5,
        message: `Missing key for parent job ${queue.key('nobody')}. removeChildDependency`,
      });
    },
    POSTGRES.cutsWithoutChecks,
  );
});
