import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { QueueDriver } from '../queue-driver.js';

/** Long enough that a test that waits for it is noticed, in seconds. */
const LONG = 15;

describeBackends('waiting for a job', (backend) => {
  backend.it('does not wait where there is one', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    expect(await queue.backend.waitForJob(LONG)).toMatchObject({ score: 0 });
  });

  backend.it('wakes when one is added', async (store) => {
    const queue = new QueueDriver(store);
    const producer = new QueueDriver(store);
    const waiting = queue.backend.waitForJob(LONG);
    await producer.addAll('one');
    expect(await waiting).toMatchObject({ score: 0 });
  });

  backend.it('wakes when one with a priority is added', async (store) => {
    const queue = new QueueDriver(store);
    const producer = new QueueDriver(store);
    const waiting = queue.backend.waitForJob(LONG);
    await producer.add({ id: 'one', opts: { priority: 3 } });
    expect(await waiting).toMatchObject({ score: 0 });
  });

  backend.it('wakes when the queue is resumed', async (store) => {
    const queue = new QueueDriver(store);
    const operator = new QueueDriver(store);
    await operator.backend.pause(true);
    await operator.addAll('one');
    expect(await queue.backend.waitForJob(0.005)).toBeNull();
    const waiting = queue.backend.waitForJob(LONG);
    await operator.backend.pause(false);
    expect(await waiting).toMatchObject({ score: 0 });
  });

  backend.it('gives up after its time', async (store) => {
    const queue = new QueueDriver(store);
    const start = performance.now();
    expect(await queue.backend.waitForJob(0.02)).toBeNull();
    const took = performance.now() - start;
    expect(took).toBeGreaterThan(15);
    expect(took).toBeLessThan(2_000);
  });

  backend.it('ends when it is told to, and waits again when it may', async (store) => {
    const queue = new QueueDriver(store);
    await queue.backend.waitUntilReady();
    const waiting = queue.backend.waitForJob(LONG).catch(() => null);
    await queue.backend.disconnectBlocking();
    expect(await waiting).toBeNull();
    await queue.backend.reconnectBlocking();
    await queue.addAll('one');
    expect(await queue.backend.waitForJob(LONG)).toMatchObject({ score: 0 });
  });

  backend.it('can wait for parts of a second, and for longer than a few', async (store) => {
    const { backend: waiter } = new QueueDriver(store);
    await waiter.waitUntilReady();
    expect(waiter.minimumBlockTimeout).toBeGreaterThan(0);
    expect(waiter.minimumBlockTimeout).toBeLessThan(0.01);
    expect(waiter.maximumBlockTimeout).toBeGreaterThanOrEqual(10);
  });
});
