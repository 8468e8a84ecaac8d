import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine, RunningJob, RunOutcome, StoredTick } from '../contracts/index.js';
import type { JobLogger } from '../logging/index.js';
import { resolveOptions } from '../options/index.js';
import { StoreCalls } from '../enqueueing/index.js';
import { RecurringRuns } from './recurring-runs.js';
import type { ScheduleStore } from './schedule-store.js';

const KEY = 'recurring-run:report';
const DAY = 24 * 3_600_000;

describe('the ledger of runs', () => {
  const stored = new Map<string, string>();
  const ttls: (number | undefined)[] = [];
  const warn = vi.fn<(message: string) => void>();
  const tell = vi.fn<(id: string) => Promise<void>>(() => Promise.resolve());
  let lost: boolean;
  let runs: RecurringRuns;

  beforeEach(() => {
    stored.clear();
    ttls.length = 0;
    warn.mockReset();
    tell.mockClear();
    lost = false;
    const engine = {
      store: {
        get: async (key: string) => {
          if (lost) throw new Error('lost');
          return stored.get(key);
        },
        compareAndSet: async (key: string, from: string | undefined, to: string, ttl?: number) => {
          ttls.push(ttl);
          return stored.get(key) === from && stored.set(key, to) !== undefined;
        },
      },
      isConnectionError: (error: Error) => error.message === 'lost',
      refusalOf: () => undefined,
    } as unknown as Engine;
    const options = resolveOptions({ connection: 'redis://localhost', enqueueTimeout: 50 });
    const calls = new StoreCalls(engine, options);
    const logger = { warn } as unknown as JobLogger;
    runs = new RecurringRuns({ tell } as unknown as ScheduleStore, calls, logger, engine);
  });

  const jobOf = (id: string, due: number, more: Partial<StoredTick> = {}) =>
    ({ id, attempt: 1, tick: { recurring: 'report', due, ...more } }) as RunningJob;
  const COMPLETED = { status: 'completed', result: 'r', durationMs: 5 } as const;
  const ended = async (job: RunningJob, outcome: RunOutcome = COMPLETED) => {
    const count = ttls.length;
    runs.onSettled(job, outcome);
    await vi.waitUntil(() => ttls.length > count);
  };

  it('is kept for 400 days after the last run', async () => {
    await ended(jobOf('a', 1));
    expect(ttls).toEqual([400 * DAY]);
  });

  it('holds what is known of a run, the newest tick first, 20 of them', async () => {
    for (let due = 1; due <= 22; due += 1) await ended(jobOf(`j${due}`, due));
    const known = await runs.of('report');
    expect(known.map(({ jobId }) => jobId).slice(0, 2)).toEqual(['j22', 'j21']);
    expect(known).toHaveLength(20);
    expect(known[0]).toMatchObject({ state: 'completed', result: 'r', due: new Date(22) });
  });

  it('tells a run of the one before, not of a later one', async () => {
    await ended(jobOf('a', 1));
    await ended(jobOf('c', 3));
    const job = jobOf('b', 2);
    expect(await runs.onClaimed(job)).toEqual({ action: 'run' });
    expect(job.previousRun).toMatchObject({ jobId: 'a' });
  });

  it('completes the job of a tick that had its run, and does not record that as a run', async () => {
    await ended(jobOf('a', 1));
    const text = stored.get(KEY);
    const again = jobOf('a', 1);
    expect(await runs.onClaimed(again)).toEqual({ action: 'complete', result: null });
    runs.onSettled(again, { status: 'completed', result: null, durationMs: 0 });
    await ended(jobOf('b', 2));
    expect(ttls).toHaveLength(2);
    expect(JSON.parse(stored.get(KEY)!)).toEqual(
      expect.arrayContaining(JSON.parse(text!) as unknown[]),
    );
  });

  it.each([
    ['failed', jobOf('a', 1), { status: 'failed', error: new Error('e'), durationMs: 1 } as const],
    ['was of another job', jobOf('other', 1), COMPLETED],
    ['was of another tick', jobOf('a', 2), COMPLETED],
  ])('lets a job run when the run that is known %s', async (_what, earlier, outcome) => {
    await ended(earlier, outcome);
    expect(await runs.onClaimed(jobOf('a', 1))).toEqual({ action: 'run' });
  });

  it('lets a second attempt run, whatever is known', async () => {
    await ended(jobOf('a', 1));
    const retried = { ...jobOf('a', 1), attempt: 2 } as RunningJob;
    expect(await runs.onClaimed(retried)).toEqual({ action: 'run' });
  });

  it.each([
    ['the store is lost', () => (lost = true)],
    ['it is damaged', () => stored.set(KEY, '[{"jobId":')],
    ['it is no list', () => stored.set(KEY, '{"jobId":"a"}')],
  ])('lets a job run when %s', async (_what, break_) => {
    break_();
    const job = jobOf('a', 1);
    expect(await runs.onClaimed(job)).toEqual({ action: 'run' });
    expect(job.previousRun).toBeUndefined();
  });

  it('is begun anew when it is damaged', async () => {
    stored.set(KEY, '[{"jobId":');
    await ended(jobOf('a', 1));
    expect(await runs.of('report')).toHaveLength(1);
  });

  it('tells those who wait for the end of a run, and only those', async () => {
    await ended(jobOf('a', 1));
    expect(tell).not.toHaveBeenCalled();
    await ended(jobOf('b', 2, { awaited: true }));
    await vi.waitUntil(() => tell.mock.calls.length > 0);
    expect(tell.mock.calls).toEqual([['report']]);
  });

  it('says that the end of a run was not recorded', async () => {
    lost = true;
    runs.onSettled(jobOf('a', 1), COMPLETED);
    await vi.waitUntil(() => warn.mock.calls.length > 0);
    expect(warn.mock.calls[0]![0]).toMatch(/"report" was not recorded/);
  });
});
