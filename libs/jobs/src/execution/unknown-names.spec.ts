import { DelayedError, UnrecoverableError, WaitingError, type Job } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../contracts/index.js';
import type { HandlerRegistry } from '../discovery/index.js';
import type { JobLogger } from '../logging/index.js';
import type { ResolvedOptions } from '../options/index.js';
import { ClaimYield } from './claim-yield.js';
import type { Fleet } from './fleet.js';
import type { JobHooks } from './job-hooks.js';
import { UnknownNames } from './unknown-names.js';

const MINUTE = 60_000;

/** Only what is used here of a coordination store, with a clock of its own. */
class FakeStore {
  clock = 5_000_000;
  readonly values = new Map<string, string>();

  steadyNow = () => Promise.resolve(this.clock);
  get = (key: string) => Promise.resolve(this.values.get(key));
  delete = (key: string) => Promise.resolve(this.values.delete(key));
  set = (key: string, value: string) => Promise.resolve(void this.values.set(key, value));
  publish = vi.fn<(channel: string, message: string) => Promise<void>>().mockResolvedValue();
}

describe('a job whose name nobody knows', () => {
  let store: FakeStore;
  let names: UnknownNames;
  const moveToDelayed = vi.fn<(timestamp: number, token: string) => Promise<void>>();
  const job = {
    id: '7',
    name: 'New.job',
    queueName: 'q',
    data: {},
    opts: {},
    attemptsMade: 0,
    attemptsStarted: 3,
    moveToDelayed,
  };
  const canRun = vi.fn<() => Promise<boolean>>();
  const unwanted = vi.fn<() => Promise<string | undefined>>();
  const sentAway = vi.fn<() => Promise<void>>();
  const postpone = (token = 't') => names.postpone(job as unknown as Job, token);

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] });
    store = new FakeStore();
    moveToDelayed.mockReset().mockResolvedValue();
    canRun.mockReset().mockResolvedValue(false);
    unwanted.mockReset().mockResolvedValue(undefined);
    sentAway.mockReset().mockResolvedValue();
    names = new UnknownNames(
      { names: ['Old.a', 'Old.b'] } as unknown as HandlerRegistry,
      { canRun } as unknown as Fleet,
      new ClaimYield(),
      { sentAway, unwanted } as unknown as JobHooks,
      { store, isConnectionError: () => false } as unknown as Engine,
      { unknownNameTimeoutMs: 10 * MINUTE } as ResolvedOptions,
      { warn: vi.fn<() => void>(), debug: vi.fn<() => void>() } as unknown as JobLogger,
    );
  });

  afterEach(() => void vi.useRealTimers());

  /** Meets the job again and again, as workers do; the pauses until it is given up. */
  async function postponeUntilTheEnd(): Promise<{ pauses: number[]; error: unknown }> {
    const pauses: number[] = [];
    for (;;) {
      const before = Date.now();
      const error: unknown = await postpone().catch((thrown: unknown) => thrown);
      if (!(error instanceof DelayedError)) return { pauses, error };
      const pause = moveToDelayed.mock.lastCall![0] - before;
      pauses.push(pause);
      store.clock += Math.max(pause, 1);
      if (pauses.length > 1_000) throw new Error('postponed for ever');
    }
  }

  it('is postponed with growing pauses, of at most a minute', async () => {
    const { pauses } = await postponeUntilTheEnd();
    expect(pauses.slice(0, 6)).toEqual([1_000, 1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(MINUTE);
  });

  it('is given up when the time is over, and not before', async () => {
    const start = store.clock;
    const { error } = await postponeUntilTheEnd();
    expect(store.clock - start).toBeGreaterThanOrEqual(10 * MINUTE);
    expect(store.clock - start).toBeLessThan(11 * MINUTE);
    expect(error).toBeInstanceOf(UnrecoverableError);
    expect(String(error)).toMatch(
      /No handler for job "New\.job" \(id 7\) in queue "q" after 600 s/,
    );
    expect(String(error)).toMatch(/knows "Old\.a", "Old\.b".*aliases/);
    expect(store.values.size).toBe(0);
  });

  it('goes by the store’s clock, whatever this process’s says', async () => {
    await postpone().catch(() => undefined);
    store.clock += 11 * MINUTE;
    await expect(postpone()).rejects.toBeInstanceOf(UnrecoverableError);
  });

  it('is postponed with its lock’s token', async () => {
    await postpone('token-1').catch(() => undefined);
    expect(moveToDelayed).toHaveBeenCalledExactlyOnceWith(expect.any(Number), 'token-1');
  });

  it('that another server knows is handed over to it, and never given up', async () => {
    await postpone().catch(() => undefined);
    store.clock += 11 * MINUTE;
    canRun.mockResolvedValue(true);
    const before = Date.now();
    await expect(postpone()).rejects.toBeInstanceOf(DelayedError);
    expect(moveToDelayed.mock.lastCall![0] - before).toBeLessThan(6_000);
    expect(store.publish.mock.lastCall![1]).toBe(
      JSON.stringify({ queue: 'q', id: '7', name: 'New.job', claims: 3 }),
    );
  });

  it('is not sent away while its turn cannot be given back', async () => {
    sentAway.mockRejectedValue(new Error('no'));
    await expect(postpone()).rejects.toBeInstanceOf(WaitingError);
    expect(moveToDelayed).not.toHaveBeenCalled();
  });

  it('of many that are handed over, each comes back later, so that a backlog keeps nobody busy', async () => {
    canRun.mockResolvedValue(true);
    const before = Date.now();
    for (let i = 0; i < 1_000; i += 1) await postpone().catch(() => undefined);
    expect(moveToDelayed.mock.lastCall![0] - before).toBeGreaterThan(9_000);
  });
});
