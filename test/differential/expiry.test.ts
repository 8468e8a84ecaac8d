import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { describeUnless } from '../support/describe-unless.js';
import { redisServer } from '../support/servers.js';
import { buildJob } from './generators/job-builder.js';
import { RedisSideSource } from './harness/redis-side.js';
import type { SideOptions } from './harness/recorded-call.js';
import type { Side, SideSource } from './harness/side.js';
import { MemorySideSource } from './harness/sqlite-side.js';

/** Long enough for the calls in between, short enough to wait for. */
const TERM_MS = 100;
const OVER_MS = TERM_MS + 30;

const OPTIONS: SideOptions = { lockDuration: TERM_MS, maxStalledCount: 1, stalledInterval: 1 };

const redis = redisServer();

describeUnless(
  redis.available ? undefined : redis.reason,
  'what expires by the clock on redis',
  () => expectExpiry(() => new RedisSideSource('redis')),
);

describe('what expires by the clock on sqlite', () => expectExpiry(() => new MemorySideSource()));

function expectExpiry(open: () => SideSource): void {
  let source: SideSource;
  let side: Side;

  beforeAll(() => {
    source = open();
  });

  beforeEach(async () => {
    side = await source.open(OPTIONS);
  });

  afterEach(() => side.close());

  afterAll(() => source.close());

  const add = (id: string, opts: Parameters<typeof buildJob>[3] = {}): Promise<string> => {
    const job = buildJob('a', 'mail', {}, opts, id);
    return side.queue('a').addJob(job, id, { parentDependenciesKey: '' });
  };
  const claim = async (token: string): Promise<unknown> => {
    const [, id] = await side.queue('a').moveToActive(token);
    return id;
  };

  it('a lock: it is not to be extended, the job not to be given back, and it is recovered', async () => {
    const backend = side.queue('a');
    await add('one');
    await claim('worker');
    expect(await backend.extendLock('one', 'worker', TERM_MS)).toBe(1);
    expect(await backend.moveStalledJobsToWait()).toEqual([]);
    await wait(OVER_MS);
    expect(await backend.extendLock('one', 'worker', TERM_MS)).toBe(0);
    expect(await backend.extendLocks(['one'], ['worker'], TERM_MS)).toEqual(['one']);
    await expect(backend.moveJobFromActiveToWait('one', 'worker')).rejects.toMatchObject({
      code: -2,
    });
    expect(await backend.moveStalledJobsToWait()).toEqual(['one']);
    expect(await claim('other')).toBe('one');
  });

  it('a limit that was set by hand', async () => {
    const backend = side.queue('a');
    await add('one');
    await backend.setRateLimit(TERM_MS);
    expect(await backend.getRateLimitTtl(1)).toBeGreaterThan(0);
    await wait(OVER_MS);
    expect(await backend.getRateLimitTtl(1)).toBeLessThanOrEqual(0);
    expect(await claim('worker')).toBe('one');
  });

  it('a limit of jobs in a time', async () => {
    const backend = side.queue('a');
    await backend.setQueueMeta({ max: 1, duration: TERM_MS });
    await add('one');
    await add('two');
    expect(await claim('worker')).toBe('one');
    const [job, id, limitedFor] = await backend.moveToActive('worker');
    expect([job, id]).toEqual([null, 0]);
    expect(limitedFor).toBeGreaterThan(0);
    await wait(OVER_MS);
    expect(await claim('worker')).toBe('two');
  });

  it('a deduplication', async () => {
    const deduplication = { id: 'd', ttl: TERM_MS };
    expect(await add('one', { deduplication })).toBe('one');
    expect(await add('two', { deduplication })).toBe('one');
    await wait(OVER_MS);
    expect(await side.queue('a').getDeduplicationJobId('d')).toBeNull();
    expect(await add('three', { deduplication })).toBe('three');
  });

  it('a deduplication that each duplicate extends, after the last of them', async () => {
    const deduplication = { id: 'd', ttl: TERM_MS, extend: true };
    expect(await add('one', { deduplication })).toBe('one');
    await wait(TERM_MS * 0.6);
    expect(await add('two', { deduplication })).toBe('one');
    await wait(TERM_MS * 0.6);
    expect(await add('three', { deduplication })).toBe('one');
    await wait(OVER_MS);
    expect(await add('four', { deduplication })).toBe('four');
  });
}
