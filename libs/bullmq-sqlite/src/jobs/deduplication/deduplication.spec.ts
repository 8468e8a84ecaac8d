import { type DeduplicationOptions, Queue, QueueEvents, Worker } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSqliteBackend, sqlite, type SqliteConnection } from '../../index.js';
import { acquireStore, releaseStore } from '../../store/index.js';
import { natives } from '../../timers/natives.js';

const NOON = Date.UTC(2026, 0, 1, 12);
const TERM = 100;
const DAY = 86_400_000;

let connection: SqliteConnection;
let queue: Queue;
const open: { close(): Promise<unknown> }[] = [];

beforeEach(() => {
  connection = sqlite(':memory:');
  queue = new Queue('once', { connection }, createSqliteBackend) as unknown as Queue;
  open.push(queue);
});

afterEach(async () => {
  for (const closeable of open.splice(0).toReversed()) await closeable.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function freezeTime(): void {
  vi.useFakeTimers({ toFake: ['Date'], now: NOON });
  const start = natives.monotonicNow();
  vi.spyOn(natives, 'monotonicNow').mockReturnValue(start);
}

function advance(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
  const now = natives.monotonicNow() + milliseconds;
  vi.spyOn(natives, 'monotonicNow').mockReturnValue(now);
}

/** Adds a job with the deduplication id 'd'; the id of the job that stands for it. */
async function add(
  jobId: string,
  deduplication: Partial<DeduplicationOptions> = {},
  opts: { delay?: number } = {},
): Promise<string | undefined> {
  const once = { id: 'd', ...deduplication };
  return (await queue.add('work', { from: jobId }, { jobId, deduplication: once, ...opts })).id;
}

/** What was told, oldest first, each as the name and the job of an event. */
async function told(): Promise<string[]> {
  const events = new QueueEvents('once', { connection, autorun: false }, createSqliteBackend);
  open.push(events);
  const [stream] = (await events.getBackend().readEvents('0', 1)) ?? [];
  return (stream?.[1] ?? []).map(([, [, name, , jobId]]) => `${name} ${jobId}`);
}

async function run(processor: (from: string) => Promise<unknown>, jobs: number): Promise<string[]> {
  const ran: string[] = [];
  const worker = new Worker(
    'once',
    (job) => {
      ran.push(job.id ?? '');
      return processor((job.data as { from: string }).from);
    },
    { connection },
    createSqliteBackend,
  );
  open.push(worker);
  await new Promise<void>((resolve) => {
    let ended = 0;
    const count = (): void => {
      ended += 1;
      if (ended === jobs) resolve();
    };
    worker.on('completed', count);
    worker.on('failed', count);
  });
  return ran;
}

describe('a deduplication id', () => {
  it('is held until its job has finished, one way or the other', async () => {
    expect(await add('a')).toBe('a');
    expect(await add('b')).toBe('a');
    await run(() => Promise.reject(new Error('no')), 1);
    expect(await queue.getDeduplicationJobId('d')).toBeNull();
    expect(await add('c')).toBe('c');
  });

  it('with a ttl is held for that time, whatever becomes of the job', async () => {
    freezeTime();
    await add('a', { ttl: TERM });
    await run(() => Promise.resolve(), 1);
    expect(await add('b', { ttl: TERM })).toBe('a');
    advance(TERM + 1);
    expect(await queue.getDeduplicationJobId('d')).toBeNull();
    expect(await add('c', { ttl: TERM })).toBe('c');
  });

  it('is held longer by each duplicate that extends it', async () => {
    freezeTime();
    await add('a', { ttl: TERM });
    advance(TERM * 0.7);
    expect(await add('b', { ttl: TERM, extend: true })).toBe('a');
    advance(TERM * 0.7);
    expect(await add('c', { ttl: TERM })).toBe('a');
    advance(TERM * 0.7);
    expect(await add('d', { ttl: TERM })).toBe('d');
  });

  it('goes on with its time when a delayed job is replaced, unless that extends it', async () => {
    freezeTime();
    const replace = { ttl: TERM, replace: true };
    await add('a', replace, { delay: DAY });
    advance(TERM * 0.7);
    expect(await add('b', replace, { delay: DAY })).toBe('b');
    advance(TERM * 0.7);
    expect(await add('c', { ...replace, extend: true }, { delay: DAY })).toBe('c');
    advance(TERM * 0.7);
    expect(await add('d', { ...replace, extend: true }, { delay: DAY })).toBe('d');
    expect((await queue.getDelayed()).map(({ id }) => id)).toEqual(['b', 'd']);
    expect(await told()).toEqual([
      'added a',
      'delayed a',
      'removed a',
      'deduplicated b',
      'added b',
      'delayed b',
      'added c',
      'delayed c',
      'removed c',
      'deduplicated d',
      'added d',
      'delayed d',
    ]);
  });

  it('is taken over when its job is gone and can not free it any more', async () => {
    await add('a');
    const store = acquireStore(connection);
    await store.write((tx) => tx.run("DELETE FROM job WHERE id = 'a'"));
    await releaseStore(store);
    expect(await queue.getDeduplicationJobId('d')).toBe('a');
    expect(await add('b')).toBe('b');
    expect(await queue.getDeduplicationJobId('d')).toBe('b');
  });

  it('moves a delayed job to the time of the next one that reschedules it', async () => {
    freezeTime();
    await add('a', {}, { delay: DAY });
    expect(await add('b', { reschedule: true }, { delay: TERM })).toBe('a');
    const [moved] = await queue.getDelayed();
    expect(moved).toMatchObject({ id: 'a', delay: TERM, data: { from: 'a' } });
    expect(await told()).toEqual(['added a', 'delayed a', 'deduplicated a', 'delayed a']);
  });

  it('leaves no rows behind when it expires', async () => {
    freezeTime();
    for (let n = 0; n < 20; n += 1) {
      await queue.add('work', {}, { deduplication: { id: `d${n}`, ttl: TERM } });
    }
    advance(TERM + 1);
    for (let n = 0; n < 20; n += 1) {
      await queue.add('work', {}, { deduplication: { id: `e${n}`, ttl: TERM } });
    }
    const store = acquireStore(connection);
    const rows = store.readNow((tx) => tx.all<{ id: string }>('SELECT id FROM deduplication'));
    await releaseStore(store);
    expect(rows.filter(({ id }) => id.startsWith('d'))).toEqual([]);
    expect(rows).toHaveLength(20);
  });
});

describe('keepLastIfActive', () => {
  const keep = { keepLastIfActive: true };

  it('runs the last job that came while the first one ran, after it', async () => {
    await add('a', keep);
    const ran = await run(async (from) => {
      if (from !== 'a') return;
      expect(await add('b', keep)).toBe('a');
      expect(await add('c', { ...keep, ttl: 1 })).toBe('a');
    }, 2);
    expect(ran).toEqual(['a', 'c']);
    expect(await queue.getDeduplicationJobId('d')).toBeNull();
    expect((await told()).filter((event) => !event.startsWith('drained'))).toEqual([
      'added a',
      'waiting a',
      'active a',
      'deduplicated a',
      'deduplicated a',
      'added c',
      'waiting c',
      'completed a',
      'active c',
      'completed c',
    ]);
  });

  it('runs it also when the first one fails, and when its id was freed meanwhile', async () => {
    await add('a', keep);
    const ran = await run(async (from) => {
      if (from !== 'a') return;
      await add('b', keep);
      expect(await queue.removeDeduplicationKey('d')).toBe(1);
      expect(await add('c')).toBe('c');
      throw new Error('no');
    }, 3);
    expect(ran).toEqual(['a', 'c', 'b']);
  });
});
