import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

const NOON = Date.UTC(2024, 0, 1, 12);
const MINUTE = 60_000;

/** Completes a job at this time. */
async function completeAt(queue: QueueDriver, time: number, setTime: (time: number) => void) {
  setTime(time);
  const id = await queue.add();
  await queue.claim();
  await queue.complete(id);
}

describeBackends('settings, metrics and clients of a queue', (backend) => {
  backend.it('stores settings as text', async (store) => {
    const queue = new QueueDriver(store);
    await queue.backend.setQueueMeta({ concurrency: 4, colour: 'blue', 'opts.maxLenEvents': 500 });
    expect(await queue.backend.getQueueMeta()).toEqual({
      concurrency: '4',
      colour: 'blue',
      'opts.maxLenEvents': '500',
    });
    expect(await queue.backend.getQueueMetaField('concurrency')).toBe('4');
    expect(await queue.backend.getQueueMetaField('nothing')).toBeNull();
    const fields = ['colour', 'nothing', 'concurrency'];
    expect(await queue.backend.getQueueMetaFields(fields)).toEqual(['blue', null, '4']);
    expect(await queue.backend.hasQueueMetaField('colour')).toBe(true);
    expect(await queue.backend.hasQueueMetaField('nothing')).toBe(false);
  });

  backend.it(
    'counts the settings that are new',
    async (store) => {
      const queue = new QueueDriver(store);
      expect(await queue.backend.setQueueMeta({ a: 1, b: 2 })).toBe(2);
      expect(await queue.backend.setQueueMeta({ b: 3, c: 4 })).toBe(1);
      expect(await queue.backend.getQueueMetaField('b')).toBe('3');
    },
    POSTGRES.countsAllSettings,
  );

  backend.it('removes settings, and counts those that there were', async (store) => {
    const queue = new QueueDriver(store);
    await queue.backend.setQueueMeta({ a: 1, b: 2 });
    expect(await queue.backend.removeQueueMetaFields(['a', 'nothing'])).toBe(1);
    expect(await queue.backend.getQueueMeta()).toEqual({ b: '2' });
  });

  backend.it(
    'knows the limit of events of a queue with jobs',
    async (store) => {
      const queue = new QueueDriver(store);
      expect(await queue.backend.getQueueMeta()).toEqual({});
      await queue.add();
      expect(await queue.backend.getQueueMeta()).toEqual({ 'opts.maxLenEvents': '10000' });
    },
    POSTGRES.defaultLimitIsNotStored,
  );

  backend.it('measures nothing unasked', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'one' });
    const [, points, count] = await queue.backend.getMetrics('completed');
    expect({ points, count }).toEqual({ points: [], count: 0 });
  });

  backend.it(
    'measures how many jobs finish in a minute',
    async (store) => {
      const queue = new QueueDriver(store, { metrics: { maxDataPoints: 10 } });
      const complete = (time: number) => completeAt(queue, time, (to) => store.setTime(to));
      await complete(NOON);
      await complete(NOON + 1_000);
      await complete(NOON + MINUTE);
      await complete(NOON + 3 * MINUTE);
      const [meta, points, count] = await queue.backend.getMetrics('completed');
      expect(meta).toEqual(['4', String(NOON + 3 * MINUTE), '3']);
      expect(points).toEqual(['0', '1', '2']);
      expect(count).toBe(3);
      expect((await queue.backend.getMetrics('completed', 1, 2))[1]).toEqual(['1', '2']);
      expect((await queue.backend.getMetrics('failed'))[1]).toEqual([]);
    },
    POSTGRES.metricsCountOtherwise,
  );

  backend.it('keeps as many points as it is told', async (store) => {
    const queue = new QueueDriver(store, { metrics: { maxDataPoints: 2 } });
    for (const minute of [0, 1, 2, 3]) {
      await completeAt(queue, NOON + minute * MINUTE, (to) => store.setTime(to));
    }
    const [, points, count] = await queue.backend.getMetrics('completed');
    expect({ points, count }).toEqual({ points: ['1', '1'], count: 2 });
  });

  backend.it('lists who works on a queue', async (store) => {
    const queue = new QueueDriver(store);
    const listener = store.backend({ blocking: true });
    await listener.waitUntilReady();
    const name = queue.backend.clientName(':qe');
    await listener.setName(name);
    const names = async () => {
      const lines = (await queue.backend.getClientList()).join('\n').split('\n');
      return lines.flatMap((line) => line.split(' ')).filter((field) => field === `name=${name}`);
    };
    expect(await names()).toHaveLength(1);
    await listener.close();
    await expect.poll(names, { interval: 5 }).toEqual([]);
  });

  backend.it(
    'finds no trace of an old BullMQ to remove',
    async (store) => {
      const queue = new QueueDriver(store);
      expect(await queue.backend.removeDeprecatedPriorityKey()).toBe(0);
    },
    POSTGRES.notImplemented,
  );
});
