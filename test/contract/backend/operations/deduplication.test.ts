import type { JobsOptions } from 'bullmq';
import { expect } from 'vitest';
import { describeBackends } from '../../../support/backends.js';
import { POSTGRES } from '../postgres-differences.js';
import { QueueDriver } from '../queue-driver.js';

type Deduplication = NonNullable<JobsOptions['deduplication']>;

const same = (rest: Partial<Deduplication> = {}, opts: JobsOptions = {}): JobsOptions => ({
  ...opts,
  deduplication: { id: 'same', ...rest },
});

describeBackends('deduplication', (backend) => {
  backend.it('adds a job once, and names it to those that come later', async (store) => {
    const queue = new QueueDriver(store);
    expect(await queue.add({ id: 'first', opts: same() })).toBe('first');
    expect(await queue.add({ id: 'second', opts: same() })).toBe('first');
    expect(await queue.add({ id: 'other', opts: { deduplication: { id: 'other' } } })).toBe(
      'other',
    );
    expect(await queue.state('second')).toBe('unknown');
    expect(await queue.backend.getDeduplicationJobId('same')).toBe('first');
    expect(await queue.backend.getDeduplicationJobId('nothing')).toBeNull();
    expect((await queue.job('first')).deduplicationId).toBe('same');
    expect(await queue.events()).toContainEqual({
      event: 'deduplicated',
      jobId: 'first',
      deduplicationId: 'same',
      deduplicatedJobId: 'second',
    });
  });

  for (const finish of ['finished', 'failed'] as const) {
    backend.it(`lets the next one in when the first has ${finish}`, async (store) => {
      const queue = new QueueDriver(store);
      await queue[finish]({ id: 'first', opts: same() });
      expect(await queue.backend.getDeduplicationJobId('same')).toBeNull();
      expect(await queue.add({ id: 'second', opts: same() })).toBe('second');
    });
  }

  backend.it('lets the next one in when the first is removed', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'first', opts: same() });
    await queue.backend.remove('first', false);
    expect(await queue.add({ id: 'second', opts: same() })).toBe('second');
  });

  backend.it('holds on for its time, though the job is done', async (store) => {
    const queue = new QueueDriver(store);
    await queue.finished({ id: 'first', opts: same({ ttl: 60_000 }) });
    expect(await queue.add({ id: 'second', opts: same({ ttl: 60_000 }) })).toBe('first');
  });

  backend.it('lets the next one in after its time, though the job waits', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'first', opts: same({ ttl: 20 }) });
    await expect
      .poll(() => queue.add({ id: 'second', opts: same({ ttl: 20 }) }), {
        interval: 5,
        timeout: 10_000,
      })
      .toBe('second');
    expect(await queue.claimAll()).toEqual(['first', 'second']);
  });

  backend.it('begins its time anew with each one, where it is to extend', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'first', opts: same({ ttl: 500 }) });
    expect(await queue.add({ id: 'second', opts: same({ ttl: 60_000, extend: true }) })).toBe(
      'first',
    );
    const other = { deduplication: { id: 'other', ttl: 500 } };
    await queue.add({ id: 'measure', opts: other });
    await expect
      .poll(() => queue.add({ id: 'measured', opts: other }), { interval: 5, timeout: 10_000 })
      .toBe('measured');
    expect(await queue.backend.getDeduplicationJobId('same')).toBe('first');
  });

  backend.it('puts a new job in the place of a delayed one', async (store) => {
    const queue = new QueueDriver(store);
    const opts = same({ replace: true }, { delay: 60_000 });
    await queue.add({ id: 'first', opts });
    expect(await queue.add({ id: 'second', opts })).toBe('second');
    expect(await queue.state('first')).toBe('unknown');
    expect(await queue.ids('delayed')).toEqual(['second']);
    expect(await queue.backend.getDeduplicationJobId('same')).toBe('second');
    const told = (await queue.events()).filter(({ event }) => event !== 'added');
    expect(told.slice(1, 3)).toEqual([
      { event: 'removed', jobId: 'first', prev: 'delayed' },
      {
        event: 'deduplicated',
        jobId: 'second',
        deduplicationId: 'same',
        deduplicatedJobId: 'first',
      },
    ]);
  });

  backend.it('does not replace a job that waits or runs', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'first', opts: same() });
    const opts = same({ replace: true });
    expect(await queue.add({ id: 'second', opts })).toBe('first');
    await queue.claim();
    expect(await queue.add({ id: 'third', opts })).toBe('first');
    expect(await queue.state('first')).toBe('active');
  });

  backend.it(
    'gives a delayed job the delay of the next one, where it is to reschedule',
    async (store) => {
      const queue = new QueueDriver(store);
      const timestamp = Date.now();
      await queue.add({ id: 'first', timestamp, opts: same({}, { delay: 60_000 }) });
      const next = { id: 'second', timestamp, opts: same({ reschedule: true }, { delay: 90_000 }) };
      expect(await queue.add(next)).toBe('first');
      expect((await queue.job('first')).delay).toBe(90_000);
      expect(Math.floor((await queue.claim()).delayUntil)).toBe(timestamp + 90_000);
    },
  );

  backend.it(
    'keeps the last one that came while the first ran, and adds it then',
    async (store) => {
      const queue = new QueueDriver(store);
      const opts = same({ keepLastIfActive: true }, { priority: 3 });
      await queue.add({ id: 'first', opts });
      await queue.claim();
      expect(await queue.add({ id: 'second', opts, data: 2 })).toBe('first');
      expect(await queue.add({ id: 'third', name: 'newest', opts, data: 3 })).toBe('first');
      expect(await queue.state('third')).toBe('unknown');
      await queue.complete('first');
      expect(await queue.state('second')).toBe('unknown');
      expect(await queue.state('third')).toBe('prioritized');
      expect(await queue.job('third')).toMatchObject({ name: 'newest', data: '3' });
      expect(await queue.backend.getDeduplicationJobId('same')).toBe('third');
    },
  );

  backend.it(
    'tells of a job that was kept when it is added',
    async (store) => {
      const queue = new QueueDriver(store);
      const opts = same({ keepLastIfActive: true });
      await queue.add({ id: 'first', opts });
      await queue.claim();
      await queue.add({ id: 'second', opts });
      expect(await queue.history('second')).toEqual([]);
      await queue.complete('first');
      expect(await queue.history('second')).toEqual(['added', 'waiting']);
    },
    POSTGRES.keptLastIsNotToldAdded,
  );

  backend.it('keeps none while the first waits', async (store) => {
    const queue = new QueueDriver(store);
    const opts = same({ keepLastIfActive: true });
    await queue.add({ id: 'first', opts });
    await queue.add({ id: 'second', opts });
    await queue.claim();
    await queue.complete('first');
    expect(await queue.claimAll()).toEqual([]);
    expect(await queue.add({ id: 'third', opts })).toBe('third');
  });

  backend.it('gives an id free for the job that holds it', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'first', opts: same() });
    expect(await queue.backend.removeDeduplicationKey('same', 'second')).toBe(0);
    expect(await queue.backend.removeDeduplicationKey('nothing', 'first')).toBe(0);
    expect(await queue.backend.removeDeduplicationKey('same', 'first')).toBe(1);
    expect(await queue.backend.getDeduplicationJobId('same')).toBeNull();
  });

  backend.it('gives an id free, whoever holds it', async (store) => {
    const queue = new QueueDriver(store);
    await queue.add({ id: 'first', opts: same() });
    expect(await queue.backend.deleteDeduplicationKey('same')).toBe(1);
    expect(await queue.backend.deleteDeduplicationKey('same')).toBe(0);
    expect(await queue.add({ id: 'second', opts: same() })).toBe('second');
    await queue.complete('first', null, { token: '0' }).catch(() => undefined);
    expect(await queue.backend.getDeduplicationJobId('same')).toBe('second');
  });

  backend.it(
    'does not tell jobs apart that bring the same id',
    async (store) => {
      const queue = new QueueDriver(store);
      await queue.add({ id: 'first', opts: same() });
      expect(await queue.add({ id: 'first', opts: same() })).toBe('first');
      expect(await queue.history('first')).toEqual(['added', 'waiting', 'duplicated']);
    },
    POSTGRES.deduplicatesFirst,
  );
});
