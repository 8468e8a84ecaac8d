import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { check } from '../harness/checker.js';
import type { RecurringConfig } from '../harness/protocol.js';
import { type Row, type RowAppOptions, rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';
import { account, BOOT_MS, hasRunAll } from './tick-account.js';

const SCHEDULES = 10;
/** 1,000 ticks in all: by cron in the long form, at ten times that speed in the short one. */
const TICKS_EACH = 100;
const EVERY_MS = LONG ? 1_000 : 100;
const KILLED_AT = [0.25, 0.6];
/** The module's default: so many runs can be in flight at a kill. */
const CONCURRENCY = 10;

describeRow('recurring jobs of three processes', (engine) => {
  it(
    'have each tick enqueued once, although the process that leads is killed',
    async () => {
      const row = startRow('recurring jobs, kill -9', engine);
      // First, so that programs are built and tables made when the time of the ticks begins.
      const observer = await row.startProducer();
      // Aligned, so that cron and interval have their last tick at the same time.
      const startsBy = Math.ceil((Date.now() + BOOT_MS) / 1_000) * 1_000;
      const endAt = startsBy + TICKS_EACH * EVERY_MS;
      const recurring = Array.from({ length: SCHEDULES }, (_, index): RecurringConfig => {
        const recurrence = LONG ? '* * * * * *' : { every: EVERY_MS };
        return { id: `s${index}`, recurrence, overlap: 'allow', endAt };
      });
      const config = { recurring, tickMs: 5, options: { lock: { duration: 2_000, sweep: 500 } } };
      const apps = await Promise.all([row.start(config), row.start(config), row.start(config)]);
      await killTwice(row, apps, config);

      await row.until(
        'all recurring jobs have ended',
        async () => {
          const all = await observer.call('recurring', undefined);
          return all.every(
            (each) => each.state === 'ended' && hasRunAll(row, each, endAt, EVERY_MS),
          );
        },
        rowTimeout(40_000, 180_000),
      );
      const stored = await observer.call('recurring', undefined);
      const verdict = account(row, stored, endAt, EVERY_MS);
      row.print(
        `${verdict.ticks} ticks, missed ${verdict.missed}, enqueued twice ${verdict.twice}, uncounted ${verdict.uncounted}, ` +
          `run again ${verdict.runAgain} (${KILLED_AT.length} kills)`,
      );
      expect(stored.map(({ misfires, skips }) => misfires + skips)).toEqual(
        Array.from({ length: SCHEDULES }, () => 0),
      );
      expect(verdict.ticks).toBeGreaterThanOrEqual(SCHEDULES * TICKS_EACH);
      expect(verdict).toMatchObject({ missed: 0, twice: 0 });
      expect(verdict.uncounted).toBeLessThanOrEqual(KILLED_AT.length * SCHEDULES);
      // Only what a kill has hit, before its end was stored.
      expect(check(row.ledger.events).unexcused).toEqual([]);
      expect(verdict.runAgain).toBeLessThanOrEqual(KILLED_AT.length * CONCURRENCY);
    },
    rowTimeout(90_000, 300_000),
  );
});

/**
 * Kills one of the processes, and another one later, each in the middle of it; both are started
 * again.
 */
async function killTwice(row: Row, apps: AppProcess[], config: RowAppOptions): Promise<void> {
  for (const share of KILLED_AT) {
    const progress = SCHEDULES * TICKS_EACH * share;
    await row.until(`${progress} ticks ran`, () => row.startedCount() >= progress, 120_000);
    await delay(row.random.int(0, EVERY_MS));
    // Whichever leads: in two kills of three, the leader is among them or has just been replaced.
    const victim = row.random.int(0, apps.length - 1);
    await row.kill(apps[victim]!);
    apps[victim] = await row.start(config);
  }
}
