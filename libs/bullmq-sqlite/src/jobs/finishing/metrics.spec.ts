import { Queue, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSqliteBackend, sqlite, type SqliteConnection } from '../../index.js';

const NOON = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;
const POINTS = 3;

let connection: SqliteConnection;
let queue: Queue;
let worker: Worker;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOON });
  connection = sqlite(':memory:');
  queue = new Queue('counted', { connection }, createSqliteBackend) as unknown as Queue;
  worker = new Worker(
    'counted',
    (job) => (job.name === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve()),
    { connection, metrics: { maxDataPoints: POINTS } },
    createSqliteBackend,
  ) as unknown as Worker;
});

afterEach(async () => {
  await worker.close();
  await queue.close();
  vi.useRealTimers();
});

/** Runs jobs, one after the other, in a minute after noon. */
async function runIn(minute: number, ...names: string[]): Promise<void> {
  vi.setSystemTime(NOON + minute * MINUTE);
  for (const name of names) {
    const ended = new Promise<void>((resolve) => {
      worker.once(name === 'bad' ? 'failed' : 'completed', () => resolve());
    });
    await queue.add(name, {});
    await ended;
  }
}

describe('metrics', () => {
  it('are empty before the first job', async () => {
    expect(await queue.getMetrics('completed')).toEqual({
      meta: { count: 0, prevTS: 0, prevCount: 0 },
      data: [],
      count: 0,
    });
  });

  it('count what completes and what fails', async () => {
    await runIn(0, 'good', 'bad', 'good');
    expect(await queue.getMetrics('completed')).toEqual({
      meta: { count: 2, prevTS: NOON, prevCount: 0 },
      data: [],
      count: 0,
    });
    expect((await queue.getMetrics('failed')).meta.count).toBe(1);
  });

  it('get a point for each minute, the newest first, when the next one begins', async () => {
    await runIn(0, 'good', 'good');
    await runIn(1, 'good', 'good', 'good');
    await runIn(3, 'good');
    expect(await queue.getMetrics('completed')).toEqual({
      meta: { count: 6, prevTS: NOON + 3 * MINUTE, prevCount: 5 },
      data: [0, 3, 2],
      count: 3,
    });
    expect((await queue.getMetrics('completed', 1, 1)).data).toEqual([3]);
    expect((await queue.getMetrics('completed', -2, -1)).data).toEqual([3, 2]);
    expect((await queue.getMetrics('completed', 3, 9)).data).toEqual([]);
  });

  it('keep the newest points only', async () => {
    await runIn(0, 'good');
    await runIn(1, 'good', 'good');
    await runIn(2, 'good');
    await runIn(3, 'good');
    await runIn(4, 'good');
    expect(await queue.getMetrics('completed')).toMatchObject({ data: [1, 1, 2], count: POINTS });
    await runIn(100_000, 'good');
    expect(await queue.getMetrics('completed')).toMatchObject({ data: [0, 0, 1], count: POINTS });
  });
});
