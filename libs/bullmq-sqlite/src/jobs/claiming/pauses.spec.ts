import { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSqliteBackend, sqlite, type SqliteQueueBackend } from '../../index.js';
import { natives } from '../../timers/natives.js';

const NOON = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;

let queue: Queue;
let backend: SqliteQueueBackend;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOON });
  vi.spyOn(natives, 'monotonicNow').mockReturnValue(MINUTE);
  queue = new Queue(
    'pausing',
    { connection: sqlite(':memory:') },
    createSqliteBackend,
  ) as unknown as Queue;
  backend = queue.getBackend() as unknown as SqliteQueueBackend;
  await queue.add('work', {}, { jobId: 'it' });
});

afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await queue.close();
});

/** Only the clock that nobody sets goes on. */
function goOn(milliseconds: number): void {
  const now = natives.monotonicNow() + milliseconds;
  vi.spyOn(natives, 'monotonicNow').mockReturnValue(now);
}

async function putOff(isPause: boolean): Promise<void> {
  await backend.moveToActive('0');
  await backend.moveToDelayed('it', Date.now(), MINUTE, '0', { isPause });
}

const claimed = async (): Promise<unknown> => (await backend.moveToActive('0'))[1];

describe('a job that pauses', () => {
  it('comes back when that time has gone by, wherever the wall clock is', async () => {
    await putOff(true);
    vi.setSystemTime(NOON - 60 * MINUTE);
    goOn(MINUTE - 1);
    const [, , , due] = await backend.moveToActive('0');
    expect(due).toBe(Date.now() + 1);
    goOn(1);
    expect(await claimed()).toBe('it');
  });

  it('comes back when it is due by the wall clock, too', async () => {
    await putOff(true);
    vi.setSystemTime(NOON + MINUTE);
    expect(await claimed()).toBe('it');
  });

  it('pauses no more when it is given another delay', async () => {
    await putOff(true);
    await (await queue.getJob('it'))!.changeDelay(2 * MINUTE);
    goOn(MINUTE);
    expect(await claimed()).not.toBe('it');
    vi.setSystemTime(NOON + 2 * MINUTE);
    expect(await claimed()).toBe('it');
  });
});

it('is delayed by the wall clock alone, as on Redis, when that is not asked for', async () => {
  await putOff(false);
  goOn(60 * MINUTE);
  expect(await claimed()).not.toBe('it');
});
