import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { minimal } from '../job-drafts.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

const START = 1_700_000_000_000;

describeBackends('keeping finished jobs', (backend) => {
  backend.it('keeps none of those that are to be removed', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('done', 'lost');
    await queue.claim();
    await queue.complete('done', 1, { keep: true });
    await queue.claim();
    await queue.fail('lost', 'broken', { keep: true });
    expect(await queue.state('done')).toBe('unknown');
    expect(await queue.backend.getJobData('lost')).toBeUndefined();
    expect(await queue.history('done')).toEqual([
      'added',
      'waiting',
      'active<waiting',
      'completed<active',
    ]);
  });

  backend.it('removes the logs with their job', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    await queue.backend.addLog('one', 'a line');
    await queue.claim();
    await queue.complete('one', null, { keep: true });
    expect(await queue.backend.getJobLogs('one', 0, -1, true)).toEqual({ logs: [], count: 0 });
  });

  backend.it('keeps the newest ones, as many as it is told', async (store) => {
    const queue = new QueueDriver(store);
    for (const [index, id] of ['a', 'b', 'c', 'd'].entries()) {
      store.setTime(START + index);
      await queue.addAll(id);
      await queue.claim();
      await queue.complete(id, null, { keep: id === 'd' ? { count: 2 } : 3 });
    }
    expect(await queue.ids('completed')).toEqual(['d', 'c']);
    expect(await queue.state('a')).toBe('unknown');
  });

  backend.it('counts completed and failed jobs apart', async (store) => {
    const queue = new QueueDriver(store);
    store.setTime(START);
    await queue.finished({ id: 'done' });
    await queue.addAll('lost', 'lost too');
    await queue.claim();
    await queue.fail('lost', 'broken', { keep: 1 });
    store.setTime(START + 1);
    await queue.claim();
    await queue.fail('lost too', 'broken', { keep: 1 });
    expect(await queue.ids('failed')).toEqual(['lost too']);
    expect(await queue.ids('completed')).toEqual(['done']);
  });

  backend.it('keeps those that are young enough, in seconds', async (store) => {
    const queue = new QueueDriver(store);
    const finishAt = async (id: string, time: number) => {
      store.setTime(time);
      await queue.addAll(id);
      await queue.claim();
      await queue.complete(id, null, { keep: { age: 10 } });
    };
    await finishAt('old', START);
    await finishAt('young', START + 1);
    await finishAt('newest', START + 10_000);
    expect(await queue.ids('completed')).toEqual(['newest', 'young']);
  });

  backend.it(
    'removes old ones in portions, the newest of them first',
    async (store) => {
      const queue = new QueueDriver(store);
      for (const [index, id] of ['a', 'b', 'c'].entries()) {
        store.setTime(START + index);
        await queue.finished({ id });
      }
      store.setTime(START + 100_000);
      await queue.addAll('last');
      await queue.claim();
      await queue.complete('last', null, { keep: { age: 10, limit: 2 } });
      expect(await queue.ids('completed')).toEqual(['last', 'a']);
    },
    POSTGRES.noAgeLimit,
  );

  backend.it('keeps all where nothing is said', async (store) => {
    const queue = new QueueDriver(store);
    for (const id of ['a', 'b', 'c']) {
      await queue.addAll(id);
      await queue.claim();
      await queue.complete(id, null, { keep: false });
    }
    expect(await queue.count('completed')).toBe(3);
  });

  backend.it("asks the worker's options where the job has none", async (store) => {
    const queue = new QueueDriver(store, {
      removeOnComplete: { count: 1 },
      removeOnFail: { count: 0 },
    });
    const unsaid = undefined as unknown as boolean;
    const finish = (id: string) =>
      queue.backend.moveToCompleted(minimal(id), 1, unsaid, 'token', false);
    await queue.addAll('a', 'b', 'c');
    store.setTime(START);
    await queue.claim();
    await finish('a');
    store.setTime(START + 1);
    await queue.claim();
    await finish('b');
    await queue.claim();
    await queue.backend.moveToFailed(minimal('c'), 'broken', unsaid, 'token', false);
    expect(await queue.ids('completed')).toEqual(['b']);
    expect(await queue.state('c')).toBe('unknown');
  });
});
