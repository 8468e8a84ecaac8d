import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

/**
 * Makes a parent with a child of each kind: processed, ignored, failed, and one that is pending.
 */
async function addEveryKind(queue: QueueDriver): Promise<void> {
  await queue.addFlow(
    { id: 'parent' },
    { id: 'done' },
    { id: 'skipped', opts: { ignoreDependencyOnFailure: true } },
    { id: 'lost', opts: { failParentOnFailure: true } },
    { id: 'open' },
  );
  await queue.claim();
  await queue.complete('done', { sum: 3 });
  await queue.claim();
  await queue.fail('skipped', 'never mind', { opts: { ignoreDependencyOnFailure: true } });
  await queue.claim();
  await queue.fail('lost', 'broken', { opts: { failParentOnFailure: true } });
}

describeBackends('questions about flows', (backend) => {
  backend.it('tells the children of each kind', async (store) => {
    const queue = new QueueDriver(store);
    await addEveryKind(queue);
    expect(await queue.backend.getDependencies('parent', {})).toEqual({
      processed: { [queue.key('done')]: { sum: 3 } },
      ignored: { [queue.key('skipped')]: 'never mind' },
      failed: [queue.key('lost')],
      unprocessed: [queue.key('open')],
    });
    const kinds = ['failed', 'unprocessed', 'processed', 'ignored'];
    expect(await queue.backend.getDependencyCounts('parent', kinds)).toEqual([1, 1, 1, 1]);
    expect(await queue.backend.getDependencyCounts('nobody', kinds)).toEqual([0, 0, 0, 0]);
  });

  backend.it('tells only the kinds that it is asked for', async (store) => {
    const queue = new QueueDriver(store);
    await addEveryKind(queue);
    const { backend: questions } = queue;
    expect(await questions.getDependencies('parent', { processed: {} })).toEqual({
      processed: { [queue.key('done')]: { sum: 3 } },
      nextProcessedCursor: 0,
    });
    expect(await questions.getDependencies('parent', { unprocessed: {} })).toEqual({
      unprocessed: [queue.key('open')],
      nextUnprocessedCursor: 0,
    });
    expect(await questions.getDependencies('parent', { ignored: {} })).toEqual({
      ignored: { [queue.key('skipped')]: 'never mind' },
      nextIgnoredCursor: 0,
    });
  });

  backend.it(
    'counts on from the cursor where it lists failed children',
    async (store) => {
      const queue = new QueueDriver(store);
      await addEveryKind(queue);
      expect(await queue.backend.getDependencies('parent', { failed: { count: 5 } })).toEqual({
        failed: [queue.key('lost')],
        nextFailedCursor: 5,
      });
    },
    POSTGRES.cursorEnds,
  );

  backend.it('knows no children of a job without any', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    expect(await queue.backend.getDependencies('one', {})).toEqual({
      processed: {},
      unprocessed: [],
      ignored: {},
      failed: [],
    });
  });

  backend.it('pages through many children, and misses none', async (store) => {
    const queue = new QueueDriver(store);
    const ids = Array.from({ length: 250 }, (_, index) => `child-${index}`);
    await queue.addFlow({ id: 'parent' }, ...ids.map((id) => ({ id })));
    const seen: string[] = [];
    let cursor = 0;
    do {
      const page = await queue.backend.getDependencies('parent', {
        unprocessed: { cursor, count: 100 },
      });
      seen.push(...(page.unprocessed ?? []));
      cursor = page.nextUnprocessedCursor ?? 0;
    } while (cursor !== 0);
    expect(new Set(seen)).toEqual(new Set(ids.map((id) => queue.key(id))));
  });

  backend.it('pages through pending children by number', async (store) => {
    const queue = new QueueDriver(store);
    const ids = Array.from({ length: 25 }, (_, index) => `child-${index}`);
    await queue.addFlow({ id: 'parent' }, ...ids.map((id) => ({ id })));
    const key = queue.key('parent:dependencies');
    const first = await queue.backend.paginate(key, { start: 0, end: 9 });
    const second = await queue.backend.paginate(key, { start: 10, end: 24 });
    expect(first.items).toHaveLength(10);
    expect(first.total).toBe(25);
    expect(second.items).toHaveLength(15);
    const seen = [...first.items, ...second.items].map(({ id }) => id);
    expect(new Set(seen)).toEqual(new Set(ids.map((id) => queue.key(id))));
    const all = await queue.backend.paginate(key, { start: 0, end: -1 });
    expect(all.items).toHaveLength(25);
  });

  backend.it('pages through results, with the jobs themselves', async (store) => {
    const queue = new QueueDriver(store);
    await addEveryKind(queue);
    const page = await queue.backend.paginate(queue.key('parent:processed'), {
      start: 0,
      end: 9,
      fetchJobs: true,
    });
    expect(page).toMatchObject({
      items: [{ id: queue.key('done'), v: { sum: 3 } }],
      total: 1,
      jobs: [{ name: 'work', returnvalue: '{"sum":3}' }],
    });
  });

  backend.it('pages through nothing', async (store) => {
    const queue = new QueueDriver(store);
    const page = await queue.backend.paginate(queue.key('nobody:dependencies'), {
      start: 0,
      end: 9,
    });
    expect(page).toMatchObject({ items: [], total: 0 });
  });
});
