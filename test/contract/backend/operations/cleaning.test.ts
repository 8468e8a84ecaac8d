import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

const START = 1_700_000_000_000;

describeBackends('cleaning a queue', (backend) => {
  backend.it('removes jobs that finished by a time, the oldest first', async (store) => {
    const queue = new QueueDriver(store);
    for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) {
      store.setTime(START + index);
      await queue.finished({ id });
    }
    expect(await queue.backend.cleanJobsByState('completed', START + 2, 2)).toEqual(['a', 'b']);
    expect(await queue.backend.cleanJobsByState('completed', START + 2)).toEqual(['c']);
    expect(await queue.backend.cleanJobsByState('failed', START + 2)).toEqual([]);
    expect(await queue.ids('completed')).toEqual(['d']);
    expect(await queue.backend.getJobData('a')).toBeUndefined();
  });

  backend.it(
    'tells how many jobs it removed',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.finished({ id: 'one' });
      await queue.backend.cleanJobsByState('completed', Date.now());
      expect((await queue.events()).at(-1)).toEqual({ event: 'cleaned', count: '1' });
      await queue.backend.cleanJobsByState('completed', Date.now());
      expect((await queue.events()).at(-1)).toEqual({ event: 'cleaned', count: '0' });
    },
    POSTGRES.cleaningIsNotTold,
  );

  backend.it('removes waiting jobs that were made by a time', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'old', timestamp: START });
    await queue.add({ id: 'older', timestamp: START });
    await queue.add({ id: 'new', timestamp: START + 2 });
    expect((await queue.backend.cleanJobsByState('wait', START + 1)).toSorted()).toEqual([
      'old',
      'older',
    ]);
    expect(await queue.claimAll()).toEqual(['new']);
  });

  backend.it(
    'removes as many waiting jobs as it may, the first to run',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('a', 'b', 'c');
      expect(await queue.backend.cleanJobsByState('wait', Date.now(), 2)).toEqual(['b', 'a']);
      expect(await queue.claimAll()).toEqual(['c']);
    },
    POSTGRES.cleansInTrueOrder,
  );

  backend.it('removes delayed and ranked jobs that were made by a time', async (store) => {
    const queue = new QueueDriver(store);
    for (const [state, opts] of [
      ['delayed', { delay: 1_000_000_000_000 }],
      ['prioritized', { priority: 3 }],
    ] as const) {
      await queue.add({ id: `${state} old`, timestamp: START, opts });
      await queue.add({ id: `${state} new`, timestamp: START + 2, opts });
      expect(await queue.backend.cleanJobsByState(state, START + 1)).toEqual([`${state} old`]);
      expect(await queue.ids(state)).toEqual([`${state} new`]);
    }
  });

  backend.it(
    'removes active jobs that nobody holds',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('lost', 'held');
      await queue.claim('0');
      await queue.claim('token');
      expect(await queue.backend.cleanJobsByState('active', Date.now() + 1)).toEqual(['lost']);
      expect(await queue.ids('active')).toEqual(['held']);
    },
    POSTGRES.cleansHeldJobs,
  );

  backend.it('drains what waits, and on demand what is delayed', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'done' });
    await queue.addAll('running');
    await queue.claim();
    await queue.addAll('waiting');
    await queue.add({ id: 'ranked', opts: { priority: 1 } });
    await queue.add({ id: 'late', opts: { delay: 60_000 } });
    await queue.backend.drain(false);
    expect(
      await queue.backend.getCounts(['wait', 'prioritized', 'delayed', 'active', 'completed']),
    ).toEqual([0, 0, 1, 1, 1]);
    expect(await queue.backend.getJobData('waiting')).toBeUndefined();
    await queue.backend.drain(true);
    expect(await queue.count('delayed')).toBe(0);
  });

  backend.it('drains a parent with the last of its children', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addFlow({ id: 'parent' }, { id: 'child' });
    await queue.backend.drain(false);
    expect(await queue.state('child')).toBe('unknown');
    expect(await queue.state('parent')).toBe('unknown');
  });

  backend.it('runs a parent in another queue whose last child is drained', async (store) => {
    const queue = new QueueDriver(store);
    const other = new QueueDriver(store, { queueName: `${store.queueName}-other` });
    await queue.addFlow({ id: 'parent' }, { id: 'child', queue: other });
    await other.backend.drain(false);
    expect(await queue.state('parent')).toBe('waiting');
  });

  backend.it('obliterates paused queues only', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    await expect(queue.backend.obliterate({ force: true, count: 10 })).rejects.toThrow(
      'Cannot obliterate non-paused queue',
    );
  });

  backend.it('obliterates no queue with active jobs, unless it is forced', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    await queue.claim();
    await queue.backend.pause(true);
    await expect(queue.backend.obliterate({ force: false, count: 10 })).rejects.toThrow(
      'Cannot obliterate queue with active jobs',
    );
    expect(await queue.backend.obliterate({ force: true, count: 10 })).toBe(0);
    expect(await queue.state('one')).toBe('unknown');
  });

  backend.it('obliterates a queue in portions, and leaves nothing of it', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'done' });
    await queue.failed({ id: 'lost' });
    await queue.add({ id: 'late', opts: { delay: 60_000 } });
    await queue.add({ id: 'ranked', opts: { priority: 1 } });
    await queue.add();
    await queue.backend.pause(true);
    expect(await queue.backend.obliterate({ force: false, count: 2 })).toBe(1);
    expect(await queue.backend.obliterate({ force: false, count: 10 })).toBe(0);
    const states = ['completed', 'failed', 'delayed', 'prioritized', 'wait'] as const;
    expect(await queue.backend.getCounts([...states])).toEqual([0, 0, 0, 0, 0]);
    expect(await queue.backend.getQueueMeta()).toEqual({});
    expect(await queue.add()).toBe('1');
  });

  backend.it('finds no orphans among jobs that are in a state', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'done' });
    await queue.addFlow({ id: 'parent' }, { id: 'child' });
    await queue.add({ id: 'late', opts: { delay: 60_000 } });
    await queue.backend.addLog('late', 'a line');
    expect(await queue.backend.removeOrphanedJobs(1_000, 0)).toBe(0);
    expect(await queue.state('late')).toBe('delayed');
    expect(await queue.state('parent')).toBe('waiting-children');
  });
});
