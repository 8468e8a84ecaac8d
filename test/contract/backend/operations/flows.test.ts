import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

describeBackends('flows', (backend) => {
  backend.it('adds a parent and its children, and names their ids', async (store) => {
    const queue = new QueueDriver(store);
    const added = await queue.addFlow(
      { id: 'parent' },
      { id: 'a' },
      { id: 'b', opts: { priority: 2 } },
    );
    expect(added).toEqual([
      [null, 'parent'],
      [null, 'a'],
      [null, 'b'],
    ]);
    expect(await queue.state('parent')).toBe('waiting-children');
    expect(await queue.state('a')).toBe('waiting');
    expect(await queue.state('b')).toBe('prioritized');
    expect(await queue.job('a')).toMatchObject({
      parentKey: queue.key('parent'),
      parent: queue.parent('parent'),
    });
    expect(await queue.history('parent')).toEqual(['added', 'waiting-children']);
  });

  backend.it('runs a parent when all its children are completed', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'parent' }, { id: 'a' }, { id: 'b' });
    await queue.claim();
    await queue.claim();
    await queue.complete('b', { of: 'b' });
    expect(await queue.state('parent')).toBe('waiting-children');
    await queue.complete('a', 'of a');
    expect(await queue.state('parent')).toBe('waiting');
    expect((await queue.history('parent')).at(-1)).toBe('waiting<waiting-children');
    expect(await queue.backend.getDependencies('parent', {})).toEqual({
      processed: { [queue.key('a')]: 'of a', [queue.key('b')]: { of: 'b' } },
      unprocessed: [],
      ignored: {},
      failed: [],
    });
  });

  backend.it(
    'runs a parent before the other jobs, or as its options say',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addFlow({ id: 'plain' }, { id: 'a' });
      await queue.addFlow({ id: 'ranked', opts: { priority: 2 } }, { id: 'b' });
      await queue.addFlow({ id: 'late', opts: { delay: 60_000 } }, { id: 'c' });
      await queue.addAll('waiting');
      for (const id of ['a', 'b', 'c']) expect((await queue.claim()).id).toBe(id);
      for (const id of ['a', 'b', 'c']) await queue.complete(id);
      expect(await queue.state('ranked')).toBe('prioritized');
      expect(await queue.state('late')).toBe('delayed');
      expect(await queue.claimAll()).toEqual(['plain', 'waiting', 'ranked']);
    },
    POSTGRES.parentsKeepPlace,
  );

  backend.it('hands out a parent in the step that completes its last child', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'parent' }, { id: 'child' });
    await queue.claim();
    expect((await queue.complete('child', 1, { fetchNext: true })).next.id).toBe('parent');
  });

  backend.it('spans queues', async (store) => {
    const queue = new QueueDriver(store);
    const other = new QueueDriver(store, { queueName: `${store.queueName}-other` });
    await queue.addFlow({ id: 'parent' }, { id: 'child', queue: other });
    expect(await queue.state('child')).toBe('unknown');
    expect((await other.claim()).id).toBe('child');
    await other.complete('child', 'from afar');
    expect((await queue.claim()).id).toBe('parent');
    expect(await queue.backend.getProcessedChildrenValues('parent')).toHaveProperty([
      other.key('child'),
    ]);
  });

  backend.it(
    'gives the raw results of children',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addFlow({ id: 'parent' }, { id: 'child' });
      await queue.claim();
      await queue.complete('child', { a: 1 });
      expect(await queue.backend.getProcessedChildrenValues('parent')).toEqual({
        [queue.key('child')]: '{"a":1}',
      });
      expect(await queue.backend.getProcessedChildrenValues('nobody')).toEqual({});
    },
    POSTGRES.parsedValues,
  );

  backend.it('gives a running parent another child to wait for', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('parent');
    await queue.claim();
    await queue.add({ id: 'child', parent: queue.parent('parent') });
    expect(await queue.backend.moveToWaitingChildren('parent', 'token')).toBe(true);
    expect(await queue.state('parent')).toBe('waiting-children');
    await queue.claim();
    await queue.complete('child');
    expect((await queue.claim()).id).toBe('parent');
  });

  backend.it(
    'tells that a running parent waits',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('parent');
      await queue.claim();
      await queue.add({ id: 'child', parent: queue.parent('parent') });
      await queue.backend.moveToWaitingChildren('parent', 'token');
      expect((await queue.history('parent')).at(-1)).toBe('waiting-children<active');
    },
    POSTGRES.waitingParentIsNotTold,
  );

  backend.it('waits for no children where there are none left', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('parent');
    await queue.claim();
    expect(await queue.backend.moveToWaitingChildren('parent', 'token')).toBe(false);
    expect(await queue.state('parent')).toBe('active');
  });

  backend.it(
    'waits for one child only if that one is not done',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addFlow({ id: 'parent' }, { id: 'done' });
      await queue.claim();
      await queue.complete('done');
      await queue.claim();
      await queue.add({ id: 'open', parent: queue.parent('parent') });
      const waitFor = (id: string) =>
        queue.backend.moveToWaitingChildren('parent', 'token', {
          child: { id, queue: queue.backend.qualifiedName },
        });
      expect(await waitFor('done')).toBe(false);
      expect(await waitFor('open')).toBe(true);
    },
    POSTGRES.waitsForAnyChild,
  );

  backend.it('lets only the one wait for children who holds the lock', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('parent');
    await queue.claim('mine');
    await queue.add({ id: 'child', parent: queue.parent('parent') });
    await expect(queue.backend.moveToWaitingChildren('parent', 'yours')).rejects.toMatchObject({
      code: -6,
    });
    await expect(queue.backend.moveToWaitingChildren('nobody', 'mine')).rejects.toMatchObject({
      code: -1,
      message: 'Missing key for job nobody. moveToWaitingChildren',
    });
  });

  backend.it('counts a child that is completed already as done', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'child' }, 'early');
    await queue.addFlow({ id: 'parent' }, { id: 'child' });
    expect(await queue.state('parent')).toBe('waiting');
    expect(await queue.backend.getDependencyCounts('parent', ['processed', 'unprocessed'])).toEqual(
      [1, 0],
    );
    expect((await queue.history('child')).at(-1)).toBe('duplicated');
  });

  backend.it('adopts a job that has no parent', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('child');
    await queue.addFlow({ id: 'parent' }, { id: 'child' });
    expect(await queue.state('parent')).toBe('waiting-children');
    expect((await queue.job('child')).parentKey).toBe(queue.key('parent'));
    await queue.claim();
    await queue.complete('child');
    expect((await queue.claim()).id).toBe('parent');
  });

  backend.it('does not take a child from another parent', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'first' }, { id: 'child' });
    await queue.addFlow({ id: 'second' }, { id: 'own' });
    await expect(queue.add({ id: 'child', parent: queue.parent('second') })).rejects.toMatchObject({
      code: -7,
    });
    expect((await queue.job('child')).parentKey).toBe(queue.key('first'));
  });

  backend.it(
    'refuses a child whose parent is not there, beside one that it takes',
    async (store) => {
      const queue = new QueueDriver(store);
      const added = await queue.addFlow(
        { id: 'parent' },
        { id: 'child' },
        { id: 'stray', parent: queue.parent('nobody') },
      );
      expect(added).toEqual([
        [null, 'parent'],
        [null, 'child'],
        [null, -5],
      ]);
      expect(await queue.state('stray')).toBe('unknown');
      expect(await queue.state('child')).toBe('waiting');
    },
  );
});
