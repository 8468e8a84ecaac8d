import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EnqueueUncertainError, StoreUnavailableError } from '../errors/index.js';
import { EnqueueBuffer, type EnqueueTarget } from './enqueue-buffer.js';
import type { Refusal } from '../contracts/index.js';
import type { PreparedJob } from './prepared-job.js';
import { readNativesAgain } from '../timers/index.js';

const TIMEOUT_MS = 5_000;

class ConnectionError extends Error {}

class RefusalError extends Error {
  constructor(
    message: string,
    readonly lasts: boolean,
  ) {
    super(message);
  }
}

const jobOf = (id: string): PreparedJob => ({
  id,
  queue: 'emails',
  name: 'S.m',
  data: { args: [] },
  opts: {},
});
const jobs = (count: number) => Array.from({ length: count }, (_, i) => jobOf(`job-${i}`));
const after = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A store that takes batches, and can be told to be slow, broken, silent or picky. */
class FakeStore implements EnqueueTarget {
  readonly batches: string[][] = [];
  readonly stored = new Set<string>();
  closed = false;
  answer: (batch: readonly PreparedJob[]) => Promise<void> = () => Promise.resolve();

  async insert(batch: readonly PreparedJob[]): Promise<void> {
    this.batches.push(batch.map((job) => job.id));
    await this.answer(batch);
    for (const job of batch) this.stored.add(job.id);
  }

  isConnectionError(error: unknown): boolean {
    return error instanceof ConnectionError;
  }

  isStored(job: PreparedJob): Promise<boolean> {
    return Promise.resolve(this.stored.has(job.id));
  }

  refusalOf(error: unknown): Refusal | undefined {
    return error instanceof RefusalError
      ? { reason: error.message, lasts: error.lasts, isWhole: false }
      : undefined;
  }

  isClosed(): boolean {
    return this.closed;
  }
}

describe('the enqueue buffer', () => {
  let store: FakeStore;
  let buffer: EnqueueBuffer;

  beforeEach(() => {
    vi.useFakeTimers({ now: 1_700_000_000_000 });
    readNativesAgain();
    store = new FakeStore();
    buffer = new EnqueueBuffer(store, TIMEOUT_MS);
  });
  afterEach(() => {
    vi.useRealTimers();
    readNativesAgain();
  });

  const addAll = (list: readonly PreparedJob[]) =>
    Promise.allSettled(list.map((job) => buffer.add(job)));
  const failed = (outcomes: readonly PromiseSettledResult<void>[]) =>
    outcomes.flatMap((o, i) =>
      o.status === 'rejected' ? [[i, o.reason as unknown] as const] : [],
    );

  describe('coalesces', () => {
    it('not a lone call, which goes out at once', async () => {
      await buffer.add(jobOf('a'));
      expect(store.batches).toEqual([['a']]);
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('calls of the same turn into one insert, in order', async () => {
      await addAll(jobs(3));
      expect(store.batches).toEqual([['job-0', 'job-1', 'job-2']]);
    });

    it('calls that arrive while an insert is in flight into the next one', async () => {
      store.answer = () => after(10);
      const first = buffer.add(jobOf('a'));
      await vi.advanceTimersByTimeAsync(1);
      const rest = addAll([jobOf('b'), jobOf('c')]);
      await vi.advanceTimersByTimeAsync(30);
      await Promise.all([first, rest]);
      expect(store.batches).toEqual([['a'], ['b', 'c']]);
    });

    it('at most 1,000 jobs into one insert', async () => {
      expect(failed(await addAll(jobs(2_500)))).toEqual([]);
      expect(store.batches.map((batch) => batch.length)).toEqual([1_000, 1_000, 500]);
      expect(store.stored.size).toBe(2_500);
    });

    it('the jobs of one call, never into two inserts at once, which may overtake each other', async () => {
      const gates: (() => void)[] = [];
      store.answer = () => new Promise((resolve) => gates.push(resolve));
      const call = {};
      const others = Array.from({ length: 40 }, (_, i) => jobOf(`other-${i}`));
      const all = addAll([...jobs(1_100).map((job) => ({ ...job, call })), ...others]);
      await vi.advanceTimersByTimeAsync(0);
      expect(store.batches.map((batch) => batch.length)).toEqual([1_000]);
      gates.shift()!();
      await vi.advanceTimersByTimeAsync(0);
      expect(store.batches[1]!.slice(0, 100)).toEqual(
        jobs(1_100)
          .slice(1_000)
          .map(({ id }) => id),
      );
      for (const open of gates) open();
      await vi.advanceTimersByTimeAsync(0);
      for (const open of gates) open();
      await all;
      expect(store.stored.size).toBe(1_140);
    });

    it('again after it was idle', async () => {
      await buffer.add(jobOf('a'));
      await buffer.add(jobOf('b'));
      expect(store.batches).toEqual([['a'], ['b']]);
    });
  });

  describe('acknowledges', () => {
    it('a job only when its insert was answered', async () => {
      store.answer = () => after(50);
      const acked = vi.fn<() => void>();
      const call = buffer.add(jobOf('a')).then(acked);
      await vi.advanceTimersByTimeAsync(49);
      expect(acked).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(1);
      await call;
      expect(acked).toHaveBeenCalledOnce();
    });

    it('no job of a failed insert that was not stored by a later one', async () => {
      store.answer = (batch) =>
        batch.length > 1 ? Promise.reject(new Error('too many')) : Promise.resolve();
      const outcomes = await addAll(jobs(7));
      expect(failed(outcomes)).toEqual([]);
      expect(store.stored.size).toBe(7);
    });
  });

  describe('when jobs are at fault', () => {
    it.each([
      ['the first', [0]],
      ['the last', [99]],
      ['some', [3, 4, 57]],
      ['all', Array.from({ length: 100 }, (_, i) => i)],
    ])('fails %s of a batch alone, each with its own error', async (_which, bad) => {
      const ids = new Set(bad.map((i) => `job-${i}`));
      store.answer = (batch) => {
        const culprit = batch.find((job) => ids.has(job.id));
        return culprit ? Promise.reject(new Error(`bad ${culprit.id}`)) : Promise.resolve();
      };
      const outcomes = failed(await addAll(jobs(100)));
      expect(outcomes.map(([i]) => i)).toEqual(bad);
      for (const [i, error] of outcomes) expect(error).toEqual(new Error(`bad job-${i}`));
      expect(store.stored.size).toBe(100 - bad.length);
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('finds one of 1,000 in few inserts', async () => {
      store.answer = (batch) =>
        batch.some((job) => job.id === 'job-777')
          ? Promise.reject(new Error('bad'))
          : Promise.resolve();
      await addAll(jobs(1_000));
      expect(store.batches.length).toBeLessThanOrEqual(21);
    });

    it('takes a synchronous throw of the store for a rejection', async () => {
      store.answer = () => {
        throw new Error('sync');
      };
      await expect(buffer.add(jobOf('a'))).rejects.toThrow('sync');
      const insert = vi.spyOn(store, 'insert').mockImplementationOnce(() => {
        throw new Error('before it was asked');
      });
      await expect(buffer.add(jobOf('a'))).rejects.toThrow('before it was asked');
      insert.mockRestore();
      store.answer = () => Promise.resolve();
      await buffer.add(jobOf('b'));
    });

    it('does not time out the rest while a slow store still answers', async () => {
      store.answer = async (batch) => {
        await after(TIMEOUT_MS / 4);
        if (batch.length > 1) throw new Error('one of them is bad');
      };
      const outcomes = addAll(jobs(16));
      await vi.advanceTimersByTimeAsync(20 * TIMEOUT_MS);
      expect(failed(await outcomes)).toEqual([]);
    });
  });

  describe('when the store refuses', () => {
    it('says at once that nothing was stored', async () => {
      store.answer = () => Promise.reject(new RefusalError('out of memory', true));
      const outcomes = failed(await addAll(jobs(5)));
      expect(outcomes).toHaveLength(5);
      for (const [, error] of outcomes) {
        expect(error).toBeInstanceOf(StoreUnavailableError);
        expect((error as Error).message).toMatch(/out of memory.*It was not stored/);
      }
    });

    it('finds out what of an insert was stored all the same', async () => {
      store.answer = (batch) => {
        if (batch.length > 1) store.stored.add('job-1');
        return Promise.reject(new RefusalError('out of memory', true));
      };
      expect(failed(await addAll(jobs(3))).map(([i]) => i)).toEqual([0, 2]);
    });

    it('does not know where the store cannot say', async () => {
      store.answer = () => Promise.reject(new RefusalError('out of memory', true));
      store.isStored = () => Promise.reject(new ConnectionError('lost'));
      const outcomes = failed(await addAll(jobs(2)));
      for (const [, error] of outcomes) expect(error).toBeInstanceOf(EnqueueUncertainError);
    });

    it('for a while, tries again, and knows at the end that nothing was stored', async () => {
      store.answer = () => Promise.reject(new RefusalError('loading', false));
      const outcomes = addAll(jobs(1));
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS + 1_000);
      const [[, error] = []] = failed(await outcomes);
      expect(error).toBeInstanceOf(StoreUnavailableError);
      expect((error as Error).message).toContain('loading');
      expect(store.batches.length).toBeGreaterThan(10);
    });
  });

  describe('when the store is closed', () => {
    it('refuses at once what was not sent, and does not know of what was', async () => {
      let lose = (): void => undefined;
      store.answer = () =>
        new Promise((_, reject) => {
          lose = () => reject(new ConnectionError('closed'));
        });
      const sent = addAll(jobs(1));
      await vi.advanceTimersByTimeAsync(1);
      const waiting = addAll([jobOf('later')]);
      store.closed = true;
      lose();
      const [[, inDoubt] = []] = failed(await sent);
      const [[, refused] = []] = failed(await waiting);
      expect(inDoubt).toBeInstanceOf(EnqueueUncertainError);
      expect(refused).toBeInstanceOf(StoreUnavailableError);
      expect((refused as Error).message).toContain('It was not stored');
    });
  });

  describe('when the store cannot be reached', () => {
    it('repeats the insert until the store is back', async () => {
      let attempts = 0;
      store.answer = () =>
        ++attempts < 4 ? Promise.reject(new ConnectionError('down')) : Promise.resolve();
      const outcomes = addAll(jobs(3));
      await vi.advanceTimersByTimeAsync(1_000);
      expect(failed(await outcomes)).toEqual([]);
      expect(store.batches).toHaveLength(4);
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('does not hammer it', async () => {
      store.answer = () => Promise.reject(new ConnectionError('down'));
      const call = addAll([jobOf('a')]);
      await vi.advanceTimersByTimeAsync(2 * TIMEOUT_MS);
      await call;
      expect(store.batches.length).toBeLessThanOrEqual(TIMEOUT_MS / 50);
    });

    it('gives up after the timeout, says that a sent job may be stored, and stops', async () => {
      store.answer = () => Promise.reject(new ConnectionError('down'));
      const call = buffer.add(jobOf('a')).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS - 1);
      expect(store.batches.length).toBeGreaterThan(1);
      await vi.advanceTimersByTimeAsync(1);
      const error = (await call) as EnqueueUncertainError;
      expect(error).toBeInstanceOf(EnqueueUncertainError);
      expect(error.jobId).toBe('a');
      expect(error.message).toMatch(/"S\.m" \(id a\) in queue "emails".*It may be stored.*id: "a"/);
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
      const sent = store.batches.length;
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
      expect(store.batches).toHaveLength(sent);
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('tells jobs that were never sent that they are not stored, and never sends them', async () => {
      const answer = Promise.withResolvers<void>();
      store.answer = () => answer.promise;
      const outcomes = addAll(jobs(2_500));
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS + 1);
      const errors = failed(await outcomes).map(([, error]) => error);
      expect(errors.slice(0, 2_000)).toSatisfy(allInstancesOf(EnqueueUncertainError));
      expect(errors.slice(2_000)).toHaveLength(500);
      expect(errors.slice(2_000)).toSatisfy(allInstancesOf(StoreUnavailableError));
      expect(String(errors[2_000])).toMatch(/Could not store job/);
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
      expect(vi.getTimerCount()).toBe(0);
      answer.resolve();
      await buffer.add(jobOf('next'));
      expect(store.batches.map((batch) => batch.length)).toEqual([1_000, 1_000, 1]);
    });

    it('recovers from an insert that is never answered', async () => {
      store.answer = () => new Promise(() => undefined);
      const lost = addAll([jobOf('a')]);
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS + 1);
      await lost;
      store.answer = () => Promise.resolve();
      const next = addAll([jobOf('b')]);
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS + 1);
      expect(failed(await next)).toEqual([]);
    });

    it('gives each caller its own time', async () => {
      store.answer = () => new Promise(() => undefined);
      const times: number[] = [];
      const start = Date.now();
      const add = (id: string) => buffer.add(jobOf(id)).catch(() => times.push(Date.now() - start));
      const first = add('a');
      await vi.advanceTimersByTimeAsync(TIMEOUT_MS / 2);
      const second = add('b');
      await vi.advanceTimersByTimeAsync(2 * TIMEOUT_MS);
      await Promise.all([first, second]);
      expect(times).toEqual([TIMEOUT_MS, 1.5 * TIMEOUT_MS]);
    });
  });

  it('does not time out a long line at a store that is slow but answers', async () => {
    store.answer = () => after(TIMEOUT_MS - 1_000);
    const outcomes = addAll(jobs(5_000));
    await vi.advanceTimersByTimeAsync(10 * TIMEOUT_MS);
    expect(failed(await outcomes)).toEqual([]);
    expect(store.stored.size).toBe(5_000);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits no longer when the clock is set back', async () => {
    store.answer = () => new Promise(() => undefined);
    const call = buffer.add(jobOf('a')).catch((error: unknown) => error);
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS + 1);
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect(vi.getTimerCount()).toBe(0);
    expect(await call).toBeInstanceOf(EnqueueUncertainError);
  });
});

function allInstancesOf(type: new (...args: never[]) => Error): (errors: unknown[]) => boolean {
  return (errors) => errors.every((error) => error instanceof type);
}
