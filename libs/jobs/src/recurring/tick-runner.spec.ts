import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../contracts/index.js';
import type { QueueRegistry } from '../engines/index.js';
import type { Repairs } from '../execution/index.js';
import type { JobLogger } from '../logging/index.js';
import type { Calendar, ResolvedOptions } from '../options/index.js';
import type { JobWriter, PreparedJob, StoreCalls } from '../enqueueing/index.js';
import { ScheduleBook } from './schedule-book.js';
import { newSchedule, type Schedule } from './schedule.js';
import { ScheduleStore } from './schedule-store.js';
import type { TickClock } from './tick-clock.js';
import { TickLog } from './tick-log.js';
import { TickSources } from './tick-sources.js';
import { TickRunner } from './tick-runner.js';

const NOW = 10_500;

describe('the runner of due ticks', () => {
  const stored = new Map<string, string>();
  const error = vi.fn<(message: string) => void>();
  const written: string[] = [];
  const slow = vi.fn<Calendar['excludes']>();
  const progressOf = (id: string) =>
    (JSON.parse(stored.get(`recurring:${id}`)!) as Schedule).progress;
  let write: (job: PreparedJob) => void | Promise<unknown>;
  let store: ScheduleStore;
  let book: ScheduleBook;
  let runner: TickRunner;
  let now: number;

  beforeEach(() => {
    stored.clear();
    error.mockReset();
    written.length = 0;
    now = NOW;
    write = () => undefined;
    // Knows its next tick when it is loaded, which is twice, and fails when that is due.
    let asked = 0;
    const excludes = () => {
      asked += 1;
      if (asked > 2) throw new Error('no holidays');
      return false;
    };
    const calendars = new Map<string, Calendar>([
      ['broken', { excludes }],
      ['slow', { excludes: slow }],
    ]);
    const options = { calendars } as unknown as ResolvedOptions;
    const call = async (_: string, action: () => unknown) => action();
    const calls = { read: call, change: call, isUnavailable: () => false } as unknown as StoreCalls;
    const engine = {
      store: {
        entries: async () => stored,
        get: async (key: string) => stored.get(key),
        publish: async () => undefined,
        compareAndSet: async (key: string, from: string, to: string) =>
          stored.get(key) === from && stored.set(key, to) !== undefined,
      },
    } as unknown as Engine;
    const logger = { error, warn: () => undefined } as unknown as JobLogger;
    const writer = {
      write: async (job: PreparedJob) => {
        written.push(job.id);
        await write(job);
      },
    } as unknown as JobWriter;
    const repairs = { of: () => ({}) } as unknown as Repairs;
    store = new ScheduleStore(calls, repairs, engine);
    book = new ScheduleBook(store, logger, new TickSources(options));
    const queues = { get: () => ({ getJob: async () => undefined }) } as unknown as QueueRegistry;
    const clock = { now: () => now } as TickClock;
    runner = new TickRunner(book, store, writer, queues, calls, clock, new TickLog(logger), logger);
  });

  /** Ticks each second; the next one is due at 10 s. */
  const add = async (id: string, timing: Partial<Schedule['timing']> = {}) => {
    const job = { queue: 'q', name: 'n', data: { args: [] }, opts: {} };
    const definition = { id, source: 'api', timing: { everyMs: 1_000, ...timing }, call: job };
    const schedule = newSchedule(definition as unknown as Schedule, 0);
    const text = JSON.stringify({ ...schedule, progress: { ...schedule.progress, cursor: 9_500 } });
    stored.set(`recurring:${id}`, text);
    await book.load();
  };

  it('takes the longest due first, so that none waits for ever', async () => {
    await add('late', { everyMs: 10_000 });
    await add('later', { everyMs: 9_900 });
    expect(book.due(NOW, 1).map(({ id }) => id)).toEqual(['later']);
    expect(book.due(NOW, 9)).toHaveLength(2);
  });

  it('goes on with the others when the ticks of one cannot be worked out', async () => {
    await add('broken', { calendars: ['broken'] });
    await add('fine');
    // A turn may end before anything is found, on a busy machine.
    while (!written.includes('fine@10000') || error.mock.calls.length === 0)
      await runner.run(book.due(NOW, 10));
    expect(error).toHaveBeenCalledTimes(1);
    expect(error.mock.calls[0]![0]).toMatch(/"broken".*tried again in 30000 ms.*no holidays/s);
    expect(book.due(NOW, 10)).toEqual([]);
    expect(book.due(NOW + 30_000, 10).map(({ id }) => id)).toContain('broken');
  });

  it('plans in turns what has much to search, and the others are run meanwhile', async () => {
    slow.mockImplementation((time) => {
      for (const end = performance.now() + 1; performance.now() < end;);
      return time < 200_000;
    });
    await add('slow', { calendars: ['slow'] });
    now = 200_500;
    await add('fine');
    let turns = 0;
    for (; !written.includes('slow@200000'); turns += 1) {
      await runner.run(book.due(now, 10));
      if (turns > 1_000) throw new Error('no end');
    }
    expect(written[0]).toBe('fine@10000');
    // A turn is 20 ms; 190 ticks of 1 ms each are more.
    expect(turns).toBeGreaterThan(3);
  });

  it('stores that all was excluded for long, so that nobody searches it again', async () => {
    slow.mockReturnValue(true);
    await add('none', { calendars: ['slow'] });
    now = 3_620_000;
    for (let turn = 0; progressOf('none').cursor < now; turn += 1) {
      await runner.run(book.due(now, 10));
      if (turn > 1_000) throw new Error('no end');
    }
    expect(progressOf('none')).toEqual({ cursor: now, runs: 0, misfires: 0, skips: 0 });
    expect(written).toEqual([]);
    expect(book.due(now, 10)).toEqual([]);
  });

  it('counts a tick that was enqueued while somebody paused its recurring job', async () => {
    await add('paused');
    write = () => store.change('paused', (schedule) => ({ ...schedule!, paused: true }));
    await runner.run(book.due(NOW, 10));
    const { schedule } = (await store.get('paused'))!;
    expect(schedule.paused).toBe(true);
    expect(schedule.progress).toMatchObject({ cursor: 10_000, runs: 1 });
    expect(schedule.lastJob).toEqual({ queue: 'q', id: 'paused@10000' });
  });

  it('names the one run for missed ticks by the first of them, whenever it is planned', async () => {
    await add('missed', { misfire: 'fire-once', misfireThresholdMs: 100 });
    const before = stored.get('recurring:missed')!;
    await runner.run(book.due(now, 10));
    // A leader that died before it stored how far it had come: the next one finds more missed
    // ticks.
    stored.set('recurring:missed', before);
    await book.load();
    now = NOW + 3_000;
    await runner.run(book.due(now, 10));
    expect(written).toEqual(['missed@10000', 'missed@10000']);
    const { schedule } = (await store.get('missed'))!;
    expect(schedule.progress).toMatchObject({ cursor: 13_000, misfires: 4, runs: 1 });
  });

  it('leaves what another leader has stored', async () => {
    await add('shared');
    const progress = { cursor: 10_000, runs: 1, misfires: 0, skips: 0 };
    const lastJob = { queue: 'q', id: 'shared@10000' };
    write = () => store.change('shared', (schedule) => ({ ...schedule!, progress, lastJob }));
    await runner.run(book.due(NOW, 10));
    expect((await store.get('shared'))!.schedule).toMatchObject({ progress, lastJob });
  });
});
