import { ErrorCode, Queue, QueueEvents, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSqliteBackend, sqlite, type SqliteConnection } from '../../index.js';

const NOON = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;
const EVERY_MINUTE = { every: MINUTE };
const AT_FULL_MINUTES = { pattern: '* * * * *', tz: 'UTC' };

let connection: SqliteConnection;
let queue: Queue;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(() => {
  connection = sqlite(':memory:');
  queue = new Queue('planned', { connection }, createSqliteBackend) as unknown as Queue;
  open.push(queue);
});

afterEach(async () => {
  for (const closeable of open.splice(0).toReversed()) await closeable.close();
  vi.useRealTimers();
});

function setTime(now: number): void {
  vi.useFakeTimers({ toFake: ['Date'] });
  vi.setSystemTime(now);
}

const runAt = (time: number): string => `repeat:s:${time}`;

/** A worker that is asked for each job. */
function handWorker(): Worker {
  const worker = new Worker('planned', null, { connection }, createSqliteBackend);
  open.push(worker);
  return worker as unknown as Worker;
}

async function told(): Promise<string[]> {
  const events = new QueueEvents('planned', { connection, autorun: false }, createSqliteBackend);
  open.push(events);
  const [stream] = (await events.getBackend().readEvents('0', 1)) ?? [];
  return (stream?.[1] ?? []).map(([, [, name, , jobId]]) => `${name} ${jobId}`);
}

describe('a job scheduler', () => {
  it('with an interval has a job at once, and the next one when that starts', async () => {
    setTime(NOON + 1_234);
    const first = await queue.upsertJobScheduler('s', EVERY_MINUTE, {
      name: 'report',
      data: { n: 1 },
      opts: { priority: 3, keepLogs: 2 },
    });
    expect(first).toMatchObject({ id: runAt(NOON + 1_234), delay: 0 });
    expect(await queue.getJobScheduler('s')).toEqual({
      key: 's',
      name: 'report',
      next: NOON + 1_234,
      iterationCount: 1,
      every: MINUTE,
      offset: 1_234,
      template: { data: { n: 1 }, opts: { priority: 3, keepLogs: 2 } },
    });

    setTime(NOON + 2_000);
    const job = await handWorker().getNextJob('token');
    expect(job).toMatchObject({ id: runAt(NOON + 1_234), name: 'report', data: { n: 1 } });
    const [next] = await queue.getDelayed();
    expect(next).toMatchObject({
      id: runAt(NOON + MINUTE + 1_234),
      delay: MINUTE - 766,
      priority: 3,
      repeatJobKey: 's',
    });
    expect(await queue.getJobScheduler('s')).toMatchObject({
      next: NOON + MINUTE + 1_234,
      iterationCount: 2,
    });
    expect(await told()).toEqual([
      `added ${runAt(NOON + 1_234)}`,
      `waiting ${runAt(NOON + 1_234)}`,
      `active ${runAt(NOON + 1_234)}`,
      `added ${runAt(NOON + MINUTE + 1_234)}`,
      `delayed ${runAt(NOON + MINUTE + 1_234)}`,
    ]);
  });

  it('leaves out the runs that were missed', async () => {
    setTime(NOON + 1_234);
    await queue.upsertJobScheduler('s', EVERY_MINUTE);
    setTime(NOON + 10 * MINUTE + 2_000);
    await handWorker().getNextJob('token');
    expect((await queue.getJobScheduler('s'))?.next).toBe(NOON + 11 * MINUTE + 1_234);
  });

  it('begins at its start date, or at its offset', async () => {
    setTime(NOON + 1_000);
    const later = { ...EVERY_MINUTE, startDate: NOON + 5 * MINUTE };
    expect((await queue.upsertJobScheduler('late', later))?.delay).toBe(5 * MINUTE - 1_000);
    await queue.upsertJobScheduler('offset', { ...EVERY_MINUTE, offset: 500 });
    expect((await queue.getJobScheduler('offset'))?.next).toBe(NOON + MINUTE + 500);
    await queue.upsertJobScheduler('soon', { ...EVERY_MINUTE, offset: 1_500 });
    expect((await queue.getJobScheduler('soon'))?.next).toBe(NOON + 1_500);
  });

  it('with a pattern has its job at the next time of that', async () => {
    setTime(NOON + 1_000);
    const job = await queue.upsertJobScheduler('s', AT_FULL_MINUTES);
    expect(job).toMatchObject({ id: runAt(NOON + MINUTE), delay: MINUTE - 1_000 });
    setTime(NOON + MINUTE);
    await handWorker().getNextJob('token');
    expect((await queue.getDelayed())[0]?.id).toBe(runAt(NOON + 2 * MINUTE));
  });

  it('that is changed keeps its time, its count and its offset', async () => {
    setTime(NOON + 1_000);
    await queue.upsertJobScheduler('s', EVERY_MINUTE, { data: { version: 1 } });
    await handWorker().getNextJob('token');
    setTime(NOON + 5_000);
    await queue.upsertJobScheduler('s', EVERY_MINUTE, { name: 'new', data: { version: 2 } });
    expect(await queue.getDelayed()).toMatchObject([
      { id: runAt(NOON + MINUTE + 1_000), name: 'new', data: { version: 2 } },
    ]);
    expect(await queue.getJobScheduler('s')).toMatchObject({
      iterationCount: 2,
      offset: 1_000,
      next: NOON + MINUTE + 1_000,
    });
  });

  it('that gets another interval begins anew', async () => {
    setTime(NOON);
    await queue.upsertJobScheduler('s', EVERY_MINUTE);
    setTime(NOON + 7_000);
    await queue.upsertJobScheduler('s', { every: 1_000 });
    expect((await queue.getWaiting()).map(({ id }) => id)).toEqual([runAt(NOON + 7_000)]);
    expect(await queue.getJobCountByTypes('delayed', 'waiting')).toBe(1);
  });

  it('passes over runs that stored jobs have, but not over too many of them', async () => {
    setTime(NOON);
    await queue.addBulk(
      Array.from({ length: 34 }, (_, minute) => ({
        name: 'there',
        data: {},
        opts: { jobId: runAt(NOON + minute * MINUTE) },
      })),
    );
    await expect(queue.upsertJobScheduler('s', EVERY_MINUTE)).rejects.toMatchObject({
      code: ErrorCode.SchedulerJobSlotsBusy,
    });
    expect(await queue.getJobSchedulersCount()).toBe(0);
    await queue.getBackend().remove(runAt(NOON + 32 * MINUTE), false);
    const job = await queue.upsertJobScheduler('s', EVERY_MINUTE);
    expect(job?.id).toBe(runAt(NOON + 32 * MINUTE));
  });

  it('with a pattern refuses a time that a stored job has', async () => {
    setTime(NOON + 1);
    await queue.add('there', {}, { jobId: runAt(NOON + MINUTE) });
    await expect(queue.upsertJobScheduler('s', AT_FULL_MINUTES)).rejects.toMatchObject({
      code: ErrorCode.SchedulerJobIdCollision,
      message: 'Cannot create job scheduler iteration - job ID already exists. addJobScheduler',
    });
  });

  // BullMQ on Redis stores the run on top of the job that is there, which is in two lists from then
  // on.
  it('that is refused keeps the job that it has', async () => {
    setTime(NOON + 1);
    await queue.upsertJobScheduler('s', { pattern: '0 13 * * *', tz: 'UTC' });
    await queue.add('there', {}, { jobId: runAt(NOON + MINUTE) });
    await expect(queue.upsertJobScheduler('s', AT_FULL_MINUTES)).rejects.toMatchObject({
      code: ErrorCode.SchedulerJobIdCollision,
    });
    expect((await queue.getDelayed()).map(({ id }) => id)).toEqual([runAt(NOON + 60 * MINUTE)]);
  });

  // BullMQ on Redis plans the running job's time again, under its id.
  it('that its own run, started early, stores once more keeps the run to come', async () => {
    setTime(NOON + 1);
    await queue.upsertJobScheduler('s', AT_FULL_MINUTES);
    await (await queue.getJob(runAt(NOON + MINUTE)))!.promote();
    await handWorker().getNextJob('token');
    const planned = async () => (await queue.getDelayed()).map(({ id }) => id);
    expect(await planned()).toEqual([runAt(NOON + 2 * MINUTE)]);
    await queue.upsertJobScheduler('s', AT_FULL_MINUTES, { name: 'renamed' });
    expect(await planned()).toEqual([runAt(NOON + 2 * MINUTE)]);
    expect((await queue.getDelayed())[0]?.name).toBe('renamed');
  });

  it('that is changed keeps the run to come while one that was started early is tried again', async () => {
    setTime(NOON + 1);
    const early = await queue.upsertJobScheduler('s', AT_FULL_MINUTES, { opts: { attempts: 2 } });
    await early.promote();
    const worker = handWorker();
    const run = await worker.getNextJob('t', { block: false });
    await run.moveToFailed(new Error('once more'), 't', false);
    const sameTimes = { ...AT_FULL_MINUTES, tz: 'Etc/UTC' };
    expect((await queue.upsertJobScheduler('s', sameTimes))?.id).toBe(runAt(NOON + 2 * MINUTE));
    const again = await worker.getNextJob('t', { block: false });
    expect(again?.id).toBe(runAt(NOON + MINUTE));
    await again.moveToCompleted(1, 't', false);
    expect((await queue.upsertJobScheduler('s', AT_FULL_MINUTES))?.id).toBe(runAt(NOON + MINUTE));
    expect(await queue.getJobCounts('completed', 'delayed')).toEqual({ completed: 0, delayed: 1 });
  });

  it('goes with its next job, but not with one that is ready', async () => {
    setTime(NOON);
    await queue.upsertJobScheduler('s', EVERY_MINUTE);
    expect(await queue.removeJobScheduler('s')).toBe(true);
    expect(await queue.removeJobScheduler('s')).toBe(false);
    expect(await queue.getWaitingCount()).toBe(1);
    await queue.upsertJobScheduler('s', AT_FULL_MINUTES);
    await queue.removeJobScheduler('s');
    expect(await queue.getDelayedCount()).toBe(0);
    expect((await told()).at(-1)).toBe(`removed ${runAt(NOON + MINUTE)}`);
    expect(await queue.getJobScheduler('s')).toBeUndefined();
  });

  it('is listed by its next time', async () => {
    setTime(NOON);
    await queue.upsertJobScheduler('c', { every: 3_000, startDate: NOON + 3 });
    await queue.upsertJobScheduler('b', { every: 2_000, startDate: NOON + 1 });
    await queue.upsertJobScheduler('a', { every: 1_000, startDate: NOON + 1 });
    const keys = async (...range: [number, number, boolean?]): Promise<string[]> =>
      (await queue.getJobSchedulers(...range)).map(({ key }) => key);
    expect(await keys(0, -1, true)).toEqual(['a', 'b', 'c']);
    expect(await keys(0, -1)).toEqual(['c', 'b', 'a']);
    expect(await keys(-2, -1, true)).toEqual(['b', 'c']);
    expect(await keys(3, 9)).toEqual([]);
    expect(await queue.getJobSchedulersCount()).toBe(3);
  });

  it('runs as often as its limit says', async () => {
    await queue.upsertJobScheduler('s', { every: 20, limit: 3 });
    const runs: (string | undefined)[] = [];
    const worker = new Worker(
      'planned',
      (job) => Promise.resolve(runs.push(job.id)),
      { connection },
      createSqliteBackend,
    );
    open.push(worker);
    await new Promise<void>((resolve) => {
      worker.on('completed', () => runs.length === 3 && resolve());
    });
    expect(new Set(runs).size).toBe(3);
    expect(await queue.getJobCountByTypes('delayed', 'waiting', 'active')).toBe(0);
  });
});
