import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import type { CoordinationStore, Engine, RunningJob, RunOutcome } from '../contracts/index.js';
import { createEngine } from '../engines/index.js';
import { IdempotencyKeyReusedError, StoreUnavailableError } from '../errors/index.js';
import type { JobLogger } from '../logging/index.js';
import { resolveOptions, type ResolvedOptions } from '../options/index.js';
import {
  StoreCalls,
  type JobReader,
  type JobWriter,
  type PreparedJob,
} from '../enqueueing/index.js';
import { KeyRecords } from './key-records.js';
import { KeyedRuns } from './keyed-runs.js';
import { IdempotencyKeys } from './idempotency-keys.js';

const DAY = 24 * 3_600_000;
const HELD_MS = 30 * DAY;

/** What callers and runs leave in the store, and what they make of what they find there. */
describeEngines('idempotency keys', (fixture) => {
  const states = new Map<string, string>();
  const written: string[] = [];
  const ttls: (number | undefined)[] = [];
  const warn = vi.fn<(message: string) => void>();
  const isolation = fixture.isolation();
  let options: ResolvedOptions;
  let engine: Engine;
  let lost: boolean;
  let writeFails: boolean;
  let storedHash: string;
  let records: KeyRecords;
  let keys: IdempotencyKeys;
  let runs: KeyedRuns;
  let count = 0;

  beforeEach(async () => {
    await build(10_000);
  });

  async function build(enqueueTimeout: number): Promise<void> {
    states.clear();
    written.length = 0;
    ttls.length = 0;
    warn.mockReset();
    lost = writeFails = false;
    storedHash = 'h';
    const { prefix, schema } = { ...isolation, prefix: `${isolation.prefix}${(count += 1)}` };
    options = resolveOptions({ connection: fixture.connection, prefix, schema, enqueueTimeout });
    engine = createEngine(options);
    await engine.connect();
    const { store } = engine;
    const answer = <T>(call: () => Promise<T>) =>
      lost ? Promise.reject(new Error('lost')) : call();
    const watched: Partial<CoordinationStore> = {
      get: (key) => answer(() => store.get(key)),
      delete: (key, expected) => answer(() => store.delete(key, expected)),
      compareAndSet: (...args) => {
        ttls.push(args[3]);
        return answer(() => store.compareAndSet(...args));
      },
    };
    const losing = {
      store: watched,
      isConnectionError: (error: Error) => error.message === 'lost',
      refusalOf: () => undefined,
    } as unknown as Engine;
    const calls = new StoreCalls(losing, options);
    const reader = {
      state: async ({ id }: { id: string }) => states.get(id) ?? 'removed',
      find: async () => ({ data: { idempotency: { ...idempotency, hash: storedHash } } }),
    } as unknown as JobReader;
    const writer = {
      write: async ({ id }: PreparedJob) => {
        if (writeFails) throw new Error('the process died');
        written.push(id);
        states.set(id, 'waiting');
      },
    } as unknown as JobWriter;
    records = new KeyRecords(calls, losing);
    keys = new IdempotencyKeys(records, reader, writer);
    runs = new KeyedRuns(records, reader, { warn } as unknown as JobLogger);
  }

  afterEach(async () => {
    await engine.close();
    await fixture.cleanup(isolation);
  });

  const idempotency = { key: 'k', windowMs: DAY, hash: 'h' };
  const prepared = (id: string, delay?: number) =>
    ({
      id,
      queue: 'q',
      name: 'S.m',
      data: { args: [], idempotency },
      opts: { jobId: id, ...(delay !== undefined && { delay }) },
    }) as PreparedJob;
  const runOf = (id: string) => ({ id, queue: 'q', name: 'S.m', idempotency }) as RunningJob;
  const held = async () => (await records.find({ group: 'S.m', key: 'k' }))?.record;
  const settle = (run: RunningJob, outcome: object) => runs.onSettled(run, outcome as RunOutcome);

  it('are held for 30 days after the job is due, and for their window after it completed', async () => {
    const delay = 40 * DAY;
    await keys.store(prepared('a', delay));
    const run = runOf('a');
    expect(await runs.onClaimed(run)).toEqual({ action: 'run' });
    await runs.onReturned(run, 'result');
    expect(ttls).toEqual([HELD_MS + delay, DAY]);
  });

  it('are held on when the job is tried again', async () => {
    await keys.store(prepared('a'));
    const run = runOf('a');
    await runs.onClaimed(run);
    settle(run, { status: 'retrying', retryInMs: 50 * DAY });
    await vi.waitUntil(() => ttls.length === 2);
    expect(ttls).toEqual([HELD_MS, HELD_MS + 50 * DAY]);
  });

  it('are freed when the job fails for good', async () => {
    await keys.store(prepared('a'));
    const run = runOf('a');
    await runs.onClaimed(run);
    settle(run, { status: 'failed', error: new Error('no') });
    await expect.poll(held).toBeUndefined();
  });

  it('are left to the job that took them when an older one fails', async () => {
    await keys.store(prepared('a'));
    const run = runOf('a');
    await runs.onClaimed(run);
    states.set('a', 'failed');
    await keys.store(prepared('b'));
    settle(run, { status: 'failed', error: new Error('no') });
    settle(run, { status: 'retrying', retryInMs: 1 });
    expect(await keys.store(prepared('c'))).toMatchObject({ id: 'b' });
    expect(await held()).toMatchObject({ id: 'b' });
    // One for each call that found the key taken, and two for those that took it.
    expect(ttls).toHaveLength(4);
  });

  it('are given to the next caller under the same id by a process that died before it stored the job', async () => {
    writeFails = true;
    await expect(keys.store(prepared('a'))).rejects.toThrow('the process died');
    writeFails = false;
    expect(await keys.store(prepared('b'))).toMatchObject({ id: 'a' });
    expect(await keys.store(prepared('c'))).toMatchObject({ id: 'a' });
    expect(written).toEqual(['a']);
  });

  it('clash when a job with other arguments is stored at the same moment', async () => {
    writeFails = true;
    await expect(keys.store(prepared('a'))).rejects.toThrow('the process died');
    writeFails = false;
    const other = prepared('b');
    Object.assign(other, { data: { args: [], idempotency: { ...idempotency, hash: 'other' } } });
    // Under its id, the store keeps the job of whoever was first.
    await expect(keys.store(other)).rejects.toThrow(IdempotencyKeyReusedError);
    storedHash = 'other';
    states.delete('a');
    expect(await keys.store(other)).toMatchObject({ id: 'a' });
  });

  it('keep the first result', async () => {
    await keys.store(prepared('a'));
    const [stale, run] = [runOf('a'), runOf('a')];
    await runs.onClaimed(stale);
    await runs.onClaimed(run);
    await runs.onReturned(run, 'first');
    await runs.onReturned(stale, 'late');
    expect(await held()).toMatchObject({ done: true, result: 'first' });
    expect(await keys.store(prepared('b'))).toEqual({
      id: 'a',
      queue: 'q',
      name: 'S.m',
      result: { value: 'first' },
    });
    expect(await runs.onClaimed(runOf('a'))).toEqual({ action: 'complete', result: 'first' });
  });

  it('keep no large result', async () => {
    await keys.store(prepared('a'));
    await runs.onReturned(runOf('a'), 'x'.repeat(65_535));
    expect(await held()).toEqual({ queue: 'q', id: 'a', hash: 'h', done: true });
    expect(await keys.store(prepared('b'))).toEqual({ id: 'a', queue: 'q', name: 'S.m' });
  });

  it('are taken by a job that runs without, as after a long wait', async () => {
    expect(await runs.onClaimed(runOf('a'))).toEqual({ action: 'run' });
    expect(await held()).toMatchObject({ id: 'a' });
    states.set('a', 'active');
    expect(await runs.onClaimed(runOf('b'))).toEqual({ action: 'postpone', delayMs: 5_000 });
    states.set('a', 'failed');
    expect(await runs.onClaimed(runOf('b'))).toEqual({ action: 'run' });
    states.set('b', 'completed');
    expect(await runs.onClaimed(runOf('c'))).toEqual({ action: 'complete', result: null });
  });

  it('let a job and a caller know of a store that is lost', async () => {
    await engine.close();
    await build(100);
    lost = true;
    await expect(runs.onClaimed(runOf('a'))).rejects.toThrow(StoreUnavailableError);
    await expect(runs.onReturned(runOf('a'), 1)).rejects.toThrow(StoreUnavailableError);
    await expect(keys.store(prepared('a'))).rejects.toThrow(StoreUnavailableError);
    await expect(keys.store(prepared('a'))).rejects.toThrow('idempotency key of job "S.m"');
    expect(written).toEqual([]);
    settle(runOf('never claimed'), { status: 'failed', error: new Error('no') });
    const run = runOf('b');
    await expect(runs.onClaimed(run)).rejects.toThrow(StoreUnavailableError);
    settle(run, { status: 'failed', error: new Error('no') });
    await vi.waitUntil(() => warn.mock.calls.length > 0);
    expect(warn).toHaveBeenCalledOnce();
  });

  it('are free when their record is damaged', async () => {
    const key = 'k';
    await keys.store(prepared('a'));
    for (const [name] of await engine.store.entries('idem:'))
      await engine.store.set(name, '{"id":');
    expect(await records.find({ group: 'S.m', key })).toBeUndefined();
    expect(await keys.store(prepared('b'))).toMatchObject({ id: 'b' });
  });

  it('mean nothing where another service wrote no key', () => {
    const run = { ...runOf('a'), idempotency: { key: 7 } } as unknown as RunningJob;
    expect(runs.onClaimed(run)).toBeUndefined();
    expect(runs.onReturned(run, 1)).toBeUndefined();
    expect(runs.onClaimed({ ...run, idempotency: undefined })).toBeUndefined();
  });
});
