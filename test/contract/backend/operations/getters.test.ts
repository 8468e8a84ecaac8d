import type { JobType } from 'bullmq';
import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

const START = 1_700_000_000_000;

/** Adds jobs to every state, two to most, in the order of their names. */
async function fillEveryState(queue: QueueDriver, setTime: (time: number) => void): Promise<void> {
  for (const [index, n] of [1, 2].entries()) {
    setTime(START + index);
    await queue.finished({ id: `completed ${n}` }, { n });
    await queue.failed({ id: `failed ${n}` }, `reason ${n}`);
  }
  await queue.addAll('active 1', 'active 2');
  await queue.claim();
  await queue.claim();
  await queue.addAll('wait 1', 'wait 2', 'wait 3');
  await queue.add({ id: 'ranked 1', opts: { priority: 1 } });
  await queue.add({ id: 'ranked 2', opts: { priority: 2 } });
  await queue.add({ id: 'late 1', timestamp: START, opts: { delay: 60_000 } });
  await queue.add({ id: 'late 2', timestamp: START, opts: { delay: 90_000 } });
  await queue.addFlow({ id: 'parent' }, { id: 'wait 4' });
}

const IDS: Partial<Record<JobType, string[]>> = {
  completed: ['completed 1', 'completed 2'],
  failed: ['failed 1', 'failed 2'],
  active: ['active 1', 'active 2'],
  wait: ['wait 1', 'wait 2', 'wait 3', 'wait 4'],
  prioritized: ['ranked 1', 'ranked 2'],
  delayed: ['late 1', 'late 2'],
  'waiting-children': ['parent'],
};
const STATES = Object.keys(IDS) as JobType[];

describeBackends('questions about jobs', (backend) => {
  backend.it('tells the state of each job', async (store) => {
    const queue = new QueueDriver(store);
    await fillEveryState(queue, (time) => store.setTime(time));
    for (const state of STATES) {
      for (const id of IDS[state]!) {
        expect(await queue.state(id)).toBe(state === 'wait' ? 'waiting' : state);
        for (const other of STATES) {
          expect(await queue.backend.isJobInState(other, id), `${id} ${other}`).toBe(
            other === state,
          );
        }
      }
    }
    expect(await queue.backend.isJobInState('waiting', 'wait 1')).toBe(true);
    expect(await queue.backend.isJobInState('paused', 'wait 1')).toBe(false);
    expect(await queue.backend.isJobInState('wait', 'nobody')).toBe(false);
    expect(await queue.state('nobody')).toBe('unknown');
    await expect(queue.backend.isJobInState('odd', 'wait 1')).rejects.toThrow(
      'Unknown job state: odd',
    );
  });

  backend.it('counts the jobs of each state, in the order that it is asked', async (store) => {
    const queue = new QueueDriver(store);
    expect(await queue.backend.getCounts(['wait', 'completed'])).toEqual([0, 0]);
    await fillEveryState(queue, (time) => store.setTime(time));
    expect(await queue.backend.getCounts(STATES)).toEqual(
      STATES.map((state) => IDS[state]!.length),
    );
    const paused = 'paused' as JobType;
    expect(await queue.backend.getCounts(['delayed', 'waiting', paused])).toEqual([2, 4, 0]);
  });

  backend.it('counts the delayed jobs that are due before a time', async (store) => {
    const queue = new QueueDriver(store);
    await fillEveryState(queue, (time) => store.setTime(time));
    const countUntil = (time: number) => queue.backend.getCounts(['wait', 'delayed'], time);
    expect(await countUntil(START + 60_000)).toEqual([4, 0]);
    expect(await countUntil(START + 60_001)).toEqual([4, 1]);
    expect(await countUntil(START + 90_001)).toEqual([4, 2]);
  });

  backend.it(
    'lists jobs with a priority in both directions',
    async (store) => {
      const queue = new QueueDriver(store);
      await fillEveryState(queue, (time) => store.setTime(time));
      expect(await queue.ids('prioritized', 0, -1, true)).toEqual(['ranked 1', 'ranked 2']);
      expect(await queue.ids('prioritized', 0, -1, false)).toEqual(['ranked 2', 'ranked 1']);
    },
    POSTGRES.rankedInOneOrder,
  );

  backend.it('lists finished and delayed jobs in both directions', async (store) => {
    const queue = new QueueDriver(store);
    await fillEveryState(queue, (time) => store.setTime(time));
    for (const state of ['completed', 'failed', 'delayed'] as const) {
      expect(await queue.ids(state, 0, -1, true)).toEqual(IDS[state]);
      expect(await queue.ids(state, 0, -1, false)).toEqual(IDS[state]!.toReversed());
    }
  });

  backend.it(
    'lists waiting and active jobs with the newest first, in both directions',
    async (store) => {
      const queue = new QueueDriver(store);
      await fillEveryState(queue, (time) => store.setTime(time));
      for (const state of ['wait', 'active'] as const) {
        expect(await queue.ids(state, 0, -1, true)).toEqual(IDS[state]!.toReversed());
        expect(await queue.ids(state, 0, -1, false)).toEqual(IDS[state]!.toReversed());
      }
      expect(await queue.ids('wait', 0, 1, true)).toEqual(['wait 2', 'wait 1']);
      expect(await queue.ids('wait', 0, 1, false)).toEqual(['wait 4', 'wait 3']);
      expect(await queue.ids('wait', 2, 9, true)).toEqual(['wait 4', 'wait 3']);
    },
    POSTGRES.listsInTrueOrder,
  );

  backend.it('lists the jobs of many states, one list each', async (store) => {
    const queue = new QueueDriver(store);
    await fillEveryState(queue, (time) => store.setTime(time));
    expect(await queue.backend.getRanges(['delayed', 'waiting-children'], 0, -1, true)).toEqual([
      IDS.delayed,
      IDS['waiting-children'],
    ]);
  });

  backend.it('lists a part of the jobs', async (store) => {
    const queue = new QueueDriver(store);
    for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) {
      store.setTime(START + index);
      await queue.finished({ id });
    }
    expect(await queue.ids('completed', 1, 2, true)).toEqual(['b', 'c']);
    expect(await queue.ids('completed', 1, 2, false)).toEqual(['c', 'b']);
    expect(await queue.ids('completed', 3, 9, true)).toEqual(['d']);
    expect(await queue.ids('completed', 4, 9, true)).toEqual([]);
    expect(await queue.ids('completed', 2, 1, true)).toEqual([]);
  });

  backend.it(
    'counts a part from the end',
    async (store) => {
      const queue = new QueueDriver(store);
      for (const [index, id] of ['a', 'b', 'c'].entries()) {
        store.setTime(START + index);
        await queue.finished({ id });
      }
      expect(await queue.ids('completed', -2, -1, true)).toEqual(['b', 'c']);
    },
    POSTGRES.noNegativeStart,
  );

  backend.it('tells whether a job is finished', async (store) => {
    const queue = new QueueDriver(store);
    await fillEveryState(queue, (time) => store.setTime(time));
    expect(await queue.backend.isFinished('completed 1')).toBe(1);
    expect(await queue.backend.isFinished('failed 1')).toBe(2);
    expect(await queue.backend.isFinished('wait 1')).toBe(0);
    expect(await queue.backend.isFinished('nobody')).toBe(-1);
  });

  backend.it('tells with what a job has finished', async (store) => {
    const queue = new QueueDriver(store);
    await fillEveryState(queue, (time) => store.setTime(time));
    expect(await queue.backend.isFinished('completed 1', true)).toEqual([1, '{"n":1}']);
    expect(await queue.backend.isFinished('failed 2', true)).toEqual([2, 'reason 2']);
    expect(await queue.backend.isFinished('nobody', true)).toEqual([
      -1,
      `Missing key for job ${queue.key('nobody')}. isFinished`,
    ]);
  });

  backend.it(
    'tells nothing more of a job that has not finished',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('one');
      expect(await queue.backend.isFinished('one', true)).toEqual([0]);
    },
    POSTGRES.unfinishedHasEmptyResult,
  );
});
