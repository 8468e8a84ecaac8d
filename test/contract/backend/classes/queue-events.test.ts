import { type Job, QueueEventsProducer } from 'bullmq';
import { expect } from 'vitest';
import {
  type AnyQueueEvents,
  describeBackends,
  EVENTS_PATIENCE_MS,
} from '../../../support/backends.js';

type Told = [name: string, fields: unknown];

const NAMES = [
  'added',
  'waiting',
  'delayed',
  'active',
  'progress',
  'completed',
  'failed',
  'retries-exhausted',
  'removed',
  'duplicated',
  'deduplicated',
  'waiting-children',
  'paused',
  'resumed',
  'cleaned',
  'drained',
] as const;

/** Notes what is told, in order. */
function record(events: AnyQueueEvents): Told[] {
  const told: Told[] = [];
  for (const name of NAMES) events.on(name, (fields: unknown) => told.push([name, fields]));
  return told;
}

describeBackends('queue events', (backend) => {
  backend.it('come in the order in which they happen', async (store) => {
    const queue = store.queue();
    const events = store.queueEvents();
    const told = record(events);
    store.worker(async (job: Job) => {
      await job.updateProgress(50);
      return { sum: 3 };
    });
    await queue.add('add up', {}, { jobId: 'one' });
    await expect
      .poll(() => told.map(([name]) => name), { timeout: EVENTS_PATIENCE_MS, interval: 5 })
      .toContain('drained');
    expect(told).toEqual([
      ['added', { jobId: 'one', name: 'add up' }],
      ['waiting', { jobId: 'one' }],
      ['active', { jobId: 'one', prev: 'waiting' }],
      ['progress', { jobId: 'one', data: 50 }],
      ['completed', { jobId: 'one', returnvalue: { sum: 3 }, prev: 'active' }],
      ['drained', expect.anything()],
    ]);
  });

  backend.it('come again from the first one, or only from now on', async (store) => {
    const queue = store.queue();
    await queue.add('before', {}, { jobId: 'before' });
    const past = record(store.queueEvents({ lastEventId: '0' }));
    await expect.poll(() => past.length, { timeout: EVENTS_PATIENCE_MS, interval: 5 }).toBe(2);
    expect(past.map(([name]) => name)).toEqual(['added', 'waiting']);
  });

  backend.it('tell of what is done to a queue', async (store) => {
    const queue = store.queue();
    const told = record(store.queueEvents());
    await queue.add('late', {}, { jobId: 'late', delay: 60_000 });
    await queue.add('late', {}, { jobId: 'late' });
    await queue.add('other', {}, { jobId: 'first', deduplication: { id: 'same' } });
    await queue.add('other', {}, { jobId: 'second', deduplication: { id: 'same' } });
    await queue.pause();
    await queue.resume();
    await expect
      .poll(() => told.map(([name]) => name), { timeout: EVENTS_PATIENCE_MS, interval: 5 })
      .toEqual([
        'added',
        'delayed',
        'duplicated',
        'added',
        'waiting',
        'deduplicated',
        'paused',
        'resumed',
      ]);
    expect(told[5]![1]).toMatchObject({
      jobId: 'first',
      deduplicationId: 'same',
      deduplicatedJobId: 'second',
    });
  });

  backend.it('let a producer wait for a result', async (store) => {
    const queue = store.queue();
    const events = store.queueEvents();
    store.worker(async (job: Job<number>) => job.data * 2);
    const job = await queue.add('double', 21);
    expect(await job.waitUntilFinished(events, EVENTS_PATIENCE_MS)).toBe(42);
    expect(await job.waitUntilFinished(events, EVENTS_PATIENCE_MS)).toBe(42);
  });

  backend.it('let a producer wait for a failure', async (store) => {
    const queue = store.queue();
    const events = store.queueEvents();
    store.worker(async () => {
      throw new Error('broken');
    });
    const job = await queue.add('fragile', {});
    await expect(job.waitUntilFinished(events, EVENTS_PATIENCE_MS)).rejects.toThrow('broken');
    await expect(job.waitUntilFinished(events, EVENTS_PATIENCE_MS)).rejects.toThrow('broken');
  });

  backend.it('let a producer give up waiting', async (store) => {
    const queue = store.queue();
    const events = store.queueEvents();
    await events.waitUntilReady();
    const job = await queue.add('never', {});
    await expect(job.waitUntilFinished(events, 5)).rejects.toThrow('timed out before finishing');
    const gone = await queue.add('gone', {});
    await gone.remove();
    await expect(gone.waitUntilFinished(events, 10_000)).rejects.toThrow('Missing key for job');
  });

  backend.it('carry what anyone publishes', async (store) => {
    const events = store.queueEvents();
    const heard = new Promise((resolve) => {
      (events as unknown as NodeJS.EventEmitter).once('greeting', (fields: unknown) => {
        resolve(fields);
      });
    });
    const producer = new QueueEventsProducer(store.queueName, store.connect(), store.factory);
    try {
      await producer.publishEvent({ eventName: 'greeting', text: 'hello', count: 2 });
      expect(await heard).toEqual({ text: 'hello', count: '2' });
    } finally {
      await producer.close();
    }
  });

  backend.it('stop when they are closed', async (store) => {
    const queue = store.queue();
    const events = store.queueEvents();
    const told = record(events);
    await events.waitUntilReady();
    await events.close();
    const before = told.length;
    await queue.add('after', {});
    const witness = record(store.queueEvents());
    await expect.poll(() => witness.length, { timeout: EVENTS_PATIENCE_MS, interval: 5 }).toBe(2);
    expect(told).toHaveLength(before);
  });
});
