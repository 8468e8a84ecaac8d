import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Queue } from 'bullmq';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSqliteBackend, openStore, sqlite, type SqliteConnection } from '../index.js';
import { natives } from '../timers/natives.js';
import { openDatabase } from './open-database.js';

const HOUR = 3_600_000;
/** What two readings of a clock may differ by. */
const SOON = 2_000;

describe("a file's steady clock", () => {
  let folder: string;
  let connection: SqliteConnection;
  const realNow = Date.now.bind(Date);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'steady-clock-'));
    connection = sqlite(join(folder, 'jobs.sqlite'));
  });

  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(folder, { recursive: true });
  });

  const shiftWallClock = (ms: number): unknown =>
    vi.spyOn(Date, 'now').mockImplementation(() => realNow() + ms);

  /** As another process does that has just begun. */
  const steadyNow = async (): Promise<number> => {
    const store = openStore(connection);
    const now = await store.write((tx) => tx.steadyNow());
    await store.close();
    return now;
  };

  const change = (action: (database: DatabaseSync) => unknown): void => {
    const database = openDatabase(connection);
    action(database);
    database.close();
  };

  const start = (): void =>
    change((database) => database.exec("UPDATE clock SET boot = 'an earlier one'"));

  it('begins with the time of the wall clock, in whole milliseconds', async () => {
    const now = await steadyNow();
    expect(Number.isInteger(now)).toBe(true);
    expect(Math.abs(now - realNow())).toBeLessThan(SOON);
  });

  it.each([20_000, HOUR, -HOUR])('goes on when the wall clock is set by %i ms', async (shift) => {
    const before = await steadyNow();
    shiftWallClock(shift);
    const after = await steadyNow();
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after - before).toBeLessThan(SOON);
  });

  it('goes on from the wall clock after a start of the machine', async () => {
    await steadyNow();
    start();
    shiftWallClock(HOUR);
    expect(Math.abs((await steadyNow()) - (realNow() + HOUR))).toBeLessThan(SOON);
  });

  it('does not go back when the machine starts with its wall clock behind', async () => {
    const before = await steadyNow();
    start();
    shiftWallClock(-HOUR);
    const after = await steadyNow();
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after - before).toBeLessThan(SOON);
  });

  it('notices a start by the machine’s own clock, where its number is not known', async () => {
    const before = await steadyNow();
    const { machineOffset } = natives;
    natives.machineOffset -= HOUR;
    try {
      const after = await steadyNow();
      expect(after).toBeGreaterThanOrEqual(before);
      expect(after - before).toBeLessThan(SOON);
    } finally {
      natives.machineOffset = machineOffset;
    }
  });

  it('is made anew in a file that somebody has emptied', async () => {
    change((database) => database.exec('DELETE FROM clock'));
    expect(Math.abs((await steadyNow()) - realNow())).toBeLessThan(SOON);
  });

  it('goes on from what clients of an older version have written', async () => {
    change((database) =>
      database.exec(`DROP TABLE clock;
        DROP INDEX job_by_pause;
        ALTER TABLE job DROP COLUMN pauses_until;
        INSERT INTO client VALUES ('a', 'a', 'host', 1, 0, ${realNow() + HOUR});
        PRAGMA user_version = 2`),
    );
    expect(Math.abs((await steadyNow()) - (realNow() + HOUR))).toBeLessThan(SOON);
  });

  it('lets the lock of a process run out that ended before the machine started', async () => {
    const queue = new Queue('jobs', { connection }, createSqliteBackend);
    const options = { connection, lockDuration: 300, stalledInterval: 1, maxStalledCount: 1 };
    const worker = (): ReturnType<typeof createSqliteBackend> =>
      createSqliteBackend('jobs', options, { withBlockingConnection: true });
    await queue.add('job', {});
    const before = worker();
    await before.moveToActive('token', 'name');
    await before.close();
    await queue.close();
    start();
    shiftWallClock(-HOUR);
    const after = worker();
    await expect.poll(() => after.moveStalledJobsToWait(), { timeout: 5_000 }).toEqual(['1']);
    await after.close();
  });
});
