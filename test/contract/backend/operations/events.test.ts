import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

describeBackends('events', (backend) => {
  backend.it('tells the story of a job in order', async (store) => {
    const queue = new QueueDriver(store);
    const timestamp = Date.now() - 60_000;
    await queue.add({ id: 'one', name: 'resize', timestamp, opts: { delay: 50_000 } });
    await queue.claim();
    await queue.complete('one', 'result');
    expect(await queue.events()).toEqual([
      { event: 'added', jobId: 'one', name: 'resize' },
      { event: 'delayed', jobId: 'one', delay: String(timestamp + 50_000) },
      { event: 'waiting', jobId: 'one', prev: 'delayed' },
      { event: 'active', jobId: 'one', prev: 'waiting' },
      { event: 'completed', jobId: 'one', returnvalue: '"result"', prev: 'active' },
      { event: 'drained' },
    ]);
  });

  backend.it('names an event by a place that only grows', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'two');
    const entries = await queue.entries();
    expect(new Set(entries.map(([id]) => id)).size).toBe(entries.length);
    const after = entries[1]![0];
    expect(await queue.entries(after)).toEqual(entries.slice(2));
    expect(await queue.entries(entries.at(-1)![0])).toEqual([]);
  });

  backend.it('gives published events back with all their fields', async (store) => {
    const queue = new QueueDriver(store);
    const id = await queue.backend.publishEvent(
      { event: 'custom', count: 3, text: 'größe' },
      1_000,
    );
    expect(await queue.entries()).toEqual([[id, { event: 'custom', count: '3', text: 'größe' }]]);
  });

  backend.it('hands out the events since then, once there are any', async (store) => {
    const queue = new QueueDriver(store);
    const listener = store.backend({ blocking: true });
    await queue.backend.publishEvent({ event: 'first' }, 1_000);
    const [, [[firstId]]] = (await listener.readEvents('0', 1_000))![0] as never as [
      string,
      [[string]],
    ];
    const reading = listener.readEvents(firstId, 1_000);
    const secondId = await queue.backend.publishEvent({ event: 'second' }, 1_000);
    expect((await reading)![0]![1]).toEqual([[secondId, ['event', 'second']]]);
  });

  backend.it('reads only what comes from now on, where it is asked to', async (store) => {
    const queue = new QueueDriver(store);
    const listener = store.backend({ blocking: true });
    await listener.waitUntilReady();
    await queue.backend.publishEvent({ event: 'before' }, 1_000);
    let isRead = false;
    const reading = listener.readEvents('$', 1_000).finally(() => (isRead = true));
    // The read has begun at some moment; until then, what is published is of no interest to it.
    while (!isRead) {
      await queue.backend.publishEvent({ event: 'after' }, 1_000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const [, entries] = (await reading)![0]!;
    expect(entries.map(([, fields]) => fields[1])).not.toContain('before');
  });

  backend.it('gives up after its time', async (store) => {
    const listener = store.backend({ blocking: true });
    expect((await listener.readEvents('0', 5)) ?? null).toBeNull();
  });

  backend.it('keeps the events of queues apart', async (store) => {
    const one = new QueueDriver(store);
    const other = new QueueDriver(store, { queueName: `${store.queueName}-other` });
    await one.addAll('one');
    await other.addAll('other');
    expect((await one.events()).map(({ jobId }) => jobId)).toEqual(['one', 'one']);
    expect((await other.events()).map(({ jobId }) => jobId)).toEqual(['other', 'other']);
  });

  backend.it(
    'forgets the oldest events',
    async (store) => {
      const queue = new QueueDriver(store);
      for (let n = 0; n < 200; n += 1)
        await queue.backend.publishEvent({ event: 'one', n }, 10_000);
      const last = (await queue.entries()).at(-1);
      const removed = await queue.backend.trimEvents(0);
      expect(removed).toBe(200);
      expect(await queue.events()).toEqual([]);
      const next = await queue.backend.publishEvent({ event: 'next' }, 10_000);
      expect((await queue.entries(last![0])).map(([id]) => id)).toEqual([next]);
    },
    POSTGRES.notImplemented,
  );

  backend.it('keeps about as many events as the queue says', async (store) => {
    const queue = new QueueDriver(store);
    await queue.backend.setQueueMeta({ 'opts.maxLenEvents': 100 });
    for (let n = 0; n < 300; n += 1) await queue.add({ id: `job ${n}` });
    const events = await queue.events();
    expect(events.length).toBeGreaterThanOrEqual(100);
    expect(events.length).toBeLessThanOrEqual(300);
    expect(events.at(-1)).toEqual({ event: 'waiting', jobId: 'job 299' });
  });
});
