import type { JobsOptions } from 'bullmq';
import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

/** Adds a parent with two children, of which the first fails. */
async function failOneOfTwo(queue: QueueDriver, opts: JobsOptions): Promise<void> {
  await queue.addFlow({ id: 'parent' }, { id: 'bad', opts }, { id: 'good' });
  await queue.claim();
  await queue.fail('bad', 'broken', { opts });
}

const COUNTED = ['processed', 'unprocessed', 'ignored', 'failed'];

describeBackends('children that fail', (backend) => {
  backend.it('leaves the parent waiting where nothing is said', async (store) => {
    const queue = new QueueDriver(store);
    await failOneOfTwo(queue, {});
    await queue.claim();
    await queue.complete('good');
    expect(await queue.state('parent')).toBe('waiting-children');
    expect(await queue.backend.getDependencyCounts('parent', COUNTED)).toEqual([1, 1, 0, 0]);
  });

  backend.it('lets the parent fail at once', async (store) => {
    const queue = new QueueDriver(store);
    await failOneOfTwo(queue, { failParentOnFailure: true });
    expect(await queue.state('parent')).toBe('waiting');
    expect((await queue.job('parent')).deferredFailure).toBe(`child ${queue.key('bad')} failed`);
    expect(await queue.backend.getDependencyCounts('parent', COUNTED)).toEqual([0, 1, 0, 1]);
    expect((await queue.backend.getDependencies('parent', {})).failed).toEqual([queue.key('bad')]);
    expect((await queue.history('parent')).at(-1)).toBe('waiting<waiting-children');
  });

  backend.it('does not complete a parent with a failed child', async (store) => {
    const queue = new QueueDriver(store);
    const opts = { failParentOnFailure: true };
    await queue.addFlow({ id: 'parent' }, { id: 'bad', opts });
    await queue.claim();
    await queue.fail('bad', 'broken', { opts });
    await queue.claim();
    await expect(queue.complete('parent')).rejects.toMatchObject({
      code: -9,
      name: 'UnrecoverableError',
      message:
        'Cannot complete job parent because it has at least one failed child. moveToFinished',
    });
    await expect(queue.backend.moveToWaitingChildren('parent', 'token')).rejects.toMatchObject({
      code: -9,
    });
    expect(await queue.state('parent')).toBe('active');
    await queue.fail('parent', 'a child failed');
    expect(await queue.job('parent')).not.toHaveProperty('deferredFailure', expect.anything());
  });

  backend.it('lets the parent go on at once, with the other children pending', async (store) => {
    const queue = new QueueDriver(store);
    await failOneOfTwo(queue, { continueParentOnFailure: true });
    expect(await queue.state('parent')).toBe('waiting');
    expect(await queue.job('parent')).not.toHaveProperty('deferredFailure', expect.anything());
    expect(await queue.backend.getDependencyCounts('parent', COUNTED)).toEqual([0, 1, 1, 0]);
    expect(await queue.backend.getIgnoredChildrenFailures('parent')).toEqual({
      [queue.key('bad')]: 'broken',
    });
  });

  backend.it('ignores the failure, and waits for the others', async (store) => {
    const queue = new QueueDriver(store);
    await failOneOfTwo(queue, { ignoreDependencyOnFailure: true });
    expect(await queue.state('parent')).toBe('waiting-children');
    expect(await queue.backend.getIgnoredChildrenFailures('parent')).toEqual({
      [queue.key('bad')]: 'broken',
    });
    await queue.claim();
    await queue.complete('good');
    expect(await queue.state('parent')).toBe('waiting');
    expect(await queue.backend.getDependencyCounts('parent', COUNTED)).toEqual([1, 0, 1, 0]);
  });

  backend.it('forgets the child, and waits for the others', async (store) => {
    const queue = new QueueDriver(store);
    await failOneOfTwo(queue, { removeDependencyOnFailure: true });
    expect(await queue.state('parent')).toBe('waiting-children');
    expect(await queue.backend.getDependencyCounts('parent', COUNTED)).toEqual([0, 1, 0, 0]);
    await queue.claim();
    await queue.complete('good');
    expect(await queue.state('parent')).toBe('waiting');
  });

  backend.it('runs the parent when the last child is ignored or forgotten', async (store) => {
    const queue = new QueueDriver(store);
    for (const [parent, child, opts] of [
      ['parent one', 'one', { ignoreDependencyOnFailure: true }],
      ['parent two', 'two', { removeDependencyOnFailure: true }],
    ] as const) {
      await queue.addFlow({ id: parent }, { id: child, opts });
      await queue.claim();
      await queue.fail(child, 'broken', { opts });
      expect((await queue.claim()).id).toBe(parent);
    }
  });

  backend.it('tells a running parent of a failed child', async (store) => {
    const queue = new QueueDriver(store);
    const opts = { failParentOnFailure: true };
    await queue.addAll('parent');
    await queue.claim();
    await queue.add({ id: 'child', parent: queue.parent('parent'), opts });
    await queue.claim();
    await queue.fail('child', 'broken', { opts });
    expect(await queue.state('parent')).toBe('active');
    expect((await queue.job('parent')).deferredFailure).toBe(`child ${queue.key('child')} failed`);
  });

  backend.it(
    'fails a delayed parent without waiting for its time',
    async (store) => {
      const queue = new QueueDriver(store);
      const opts = { failParentOnFailure: true };
      await queue.addAll('parent');
      await queue.claim();
      await queue.add({ id: 'child', parent: queue.parent('parent'), opts });
      await queue.backend.moveToDelayed('parent', Date.now(), 60_000, 'token');
      await queue.claim();
      await queue.fail('child', 'broken', { opts });
      expect(await queue.state('parent')).toBe('waiting');
      expect((await queue.job('parent')).delay).toBe(0);
    },
    POSTGRES.delayedParentsWait,
  );

  backend.it(
    'takes a failed child back that is retried',
    async (store) => {
      const queue = new QueueDriver(store);
      await failOneOfTwo(queue, { ignoreDependencyOnFailure: true });
      await queue.backend.retryFinishedJobs('failed', 10);
      expect(await queue.backend.getDependencyCounts('parent', COUNTED)).toEqual([0, 2, 0, 0]);
      expect(await queue.backend.getIgnoredChildrenFailures('parent')).toEqual({});
    },
    POSTGRES.bulkLeavesParents,
  );

  backend.it('fails level by level', async (store) => {
    const queue = new QueueDriver(store);
    const opts = { failParentOnFailure: true };
    await queue.addFlow(
      { id: 'top' },
      { id: 'middle', opts, waitsForChildren: true },
      { id: 'leaf', opts, parent: queue.parent('middle') },
    );
    expect((await queue.claim()).id).toBe('leaf');
    await queue.fail('leaf', 'broken', { opts });
    expect(await queue.state('top')).toBe('waiting-children');
    expect((await queue.claim()).id).toBe('middle');
    await queue.fail('middle', 'a child failed', { opts });
    expect((await queue.claim()).job?.deferredFailure).toBe(`child ${queue.key('middle')} failed`);
  });
});
