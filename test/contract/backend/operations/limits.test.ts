import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

describeBackends('rate limits, concurrency and pauses', (backend) => {
  backend.it('hands out as many jobs as the limit allows', async (store) => {
    const queue = new QueueDriver(store, { limiter: { max: 2, duration: 60_000 } });
    await queue.addAll('one', 'two', 'three');
    expect((await queue.claim()).id).toBe('one');
    const { next } = await queue.complete('one', null, { fetchNext: true });
    expect(next.id).toBe('two');
    const { id, limitedFor, delayUntil } = await queue.claim();
    expect({ id, delayUntil }).toEqual({ id: undefined, delayUntil: 0 });
    expect(limitedFor).toBeGreaterThan(50_000);
    expect(limitedFor).toBeLessThanOrEqual(60_000);
    expect(
      (await queue.complete('two', null, { fetchNext: true })).next.limitedFor,
    ).toBeGreaterThan(0);
    expect(await queue.state('three')).toBe('waiting');
  });

  backend.it('says for how long the limit holds', async (store) => {
    const queue = new QueueDriver(store, { limiter: { max: 1, duration: 60_000 } });
    expect(await queue.backend.getRateLimitTtl(1)).toBe(0);
    expect(await queue.backend.getRateLimitTtl()).toBe(-2);
    await queue.addAll('one', 'two');
    await queue.claim();
    expect(await queue.backend.getRateLimitTtl(1)).toBeGreaterThan(50_000);
    expect(await queue.backend.getRateLimitTtl(2)).toBe(0);
    expect(await queue.backend.getRateLimitTtl()).toBeGreaterThan(50_000);
  });

  backend.it('goes on when the time of the limit is over', async (store) => {
    const queue = new QueueDriver(store, { limiter: { max: 1, duration: 500 } });
    await queue.addAll('one', 'two');
    await queue.claim();
    expect((await queue.claim()).limitedFor).toBeGreaterThan(0);
    await expect
      .poll(async () => (await queue.claim()).id, { interval: 3, timeout: 10_000 })
      .toBe('two');
  });

  backend.it('goes on when the limit is lifted', async (store) => {
    const queue = new QueueDriver(store, { limiter: { max: 1, duration: 60_000 } });
    await queue.addAll('one', 'two');
    expect(await queue.backend.removeRateLimitKey()).toBe(0);
    await queue.claim();
    expect(await queue.backend.removeRateLimitKey()).toBe(1);
    expect((await queue.claim()).id).toBe('two');
  });

  backend.it('lets nothing through for the time that is set by hand', async (store) => {
    const queue = new QueueDriver(store, { limiter: { max: 100, duration: 1_000 } });
    await queue.addAll('one');
    await queue.backend.setRateLimit(60_000);
    expect((await queue.claim()).limitedFor).toBeGreaterThan(50_000);
    await queue.backend.removeRateLimitKey();
    expect((await queue.claim()).id).toBe('one');
  });

  backend.it('tells a worker that gives a job back how long to pause', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one');
    await queue.claim();
    await queue.backend.setRateLimit(60_000);
    const pause = await queue.backend.moveJobFromActiveToWait('one', 'token');
    expect(pause).toBeGreaterThan(50_000);
    expect(pause).toBeLessThanOrEqual(60_000);
  });

  backend.it("prefers the queue's own limit to the worker's", async (store) => {
    const queue = new QueueDriver(store, { limiter: { max: 100, duration: 60_000 } });
    await queue.backend.setQueueMeta({ max: 1, duration: 60_000 });
    await queue.addAll('one', 'two');
    await queue.claim();
    expect((await queue.claim()).limitedFor).toBeGreaterThan(50_000);
    expect(await queue.backend.getRateLimitTtl()).toBeGreaterThan(50_000);
  });

  backend.it('runs no more jobs at once than the queue allows', async (store) => {
    const queue = new QueueDriver(store);
    expect(await queue.backend.isMaxed()).toBe(false);
    await queue.backend.setQueueMeta({ concurrency: 1 });
    await queue.addAll('one', 'two');
    expect((await queue.claim()).id).toBe('one');
    expect(await queue.backend.isMaxed()).toBe(true);
    expect(await queue.claim()).toMatchObject({ id: undefined, limitedFor: 0, delayUntil: 0 });
    expect((await queue.complete('one', null, { fetchNext: true })).next.id).toBe('two');
    await queue.backend.removeQueueMetaFields(['concurrency']);
    expect(await queue.backend.isMaxed()).toBe(false);
  });

  backend.it('hands out nothing while it is paused, and says so', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('before');
    await queue.backend.pause(true);
    await queue.addAll('during');
    expect(await queue.backend.getQueueMetaField('paused')).toBe('1');
    expect(await queue.claim()).toMatchObject({ id: undefined, limitedFor: 0, delayUntil: 0 });
    expect(await queue.state('during')).toBe('waiting');
    await queue.backend.pause(false);
    expect(await queue.backend.hasQueueMetaField('paused')).toBe(false);
    expect(await queue.claimAll()).toEqual(['before', 'during']);
    const told = (await queue.events()).filter(({ jobId }) => jobId === undefined);
    expect(told).toEqual([{ event: 'paused' }, { event: 'resumed' }]);
  });

  backend.it(
    'counts and lists jobs of a paused queue as waiting',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.addAll('one');
      await queue.backend.pause(true);
      expect(await queue.count('wait')).toBe(1);
      expect(await queue.count('paused')).toBe(0);
      expect(await queue.ids('wait')).toEqual(['one']);
      expect(await queue.backend.isJobInState('wait', 'one')).toBe(true);
    },
    POSTGRES.pausedIsAState,
  );

  backend.it('finishes what runs while it is paused', async (store) => {
    const queue = new QueueDriver(store);
    await queue.addAll('one', 'two');
    await queue.claim();
    await queue.backend.pause(true);
    expect((await queue.complete('one', null, { fetchNext: true })).next.id).toBeUndefined();
    expect(await queue.state('one')).toBe('completed');
  });
});
