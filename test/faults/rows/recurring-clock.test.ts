import { expect, it } from 'vitest';
import type { RecurringConfig } from '../harness/protocol.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { describeRowWith, describeRowWithout } from '../harness/row-engines.js';
import { account, BOOT_MS, dueTimes, hasRunAll } from './tick-account.js';

const HOUR_MS = 3_600_000;

describeRowWith('sharedAcrossMachines', 'recurring jobs of wrong clocks', (engine) => {
  it(
    'are due by the clock of the store, and once',
    async () => {
      const row = startRow('recurring jobs, clocks a minute off', engine);
      // First, so that programs are built and tables made when the time of the ticks begins.
      const observer = await row.startProducer();
      const startedAt = Date.now();
      const endAt = Math.ceil((startedAt + BOOT_MS) / 1_000) * 1_000 + 5_000;
      const recurring: RecurringConfig[] = [
        { id: 'skewed', recurrence: { every: 200 }, overlap: 'allow', endAt },
      ];
      const [, ahead] = await Promise.all([
        row.start({ recurring, clockShiftMs: -60_000 }),
        row.start({ recurring, clockShiftMs: 60_000 }),
      ]);
      await row.until('there are ticks', () => dueTimes(row, 'skewed').length >= 5, 30_000);
      // Whichever led: the other one, whose clock is two minutes off from it, goes on.
      await row.kill(ahead);
      await row.until(
        'the recurring job has ended',
        async () => {
          const [skewed] = await observer.call('recurring', undefined);
          return skewed?.state === 'ended' && hasRunAll(row, skewed, endAt, 200);
        },
        60_000,
      );
      const stored = await observer.call('recurring', undefined);
      const verdict = account(row, stored, endAt, 200);
      row.print(
        `${verdict.ticks} ticks, missed ${verdict.missed}, enqueued twice ${verdict.twice}`,
      );
      expect(verdict).toMatchObject({ missed: 0, twice: 0 });
      expect(stored[0]).toMatchObject({ misfires: 0, skips: 0 });
      expect(Math.min(...dueTimes(row, 'skewed'))).toBeGreaterThan(startedAt);
    },
    rowTimeout(90_000, 90_000),
  );
});

/** Where the clock of the machine is the store's. */
describeRowWithout('sharedAcrossMachines', 'a restart with the clock an hour behind', (engine) => {
  it(
    'goes on with recurring jobs, and with the jobs of the process that was killed',
    async () => {
      const row = startRow('a restart with the clock an hour behind', engine);
      const options = { lock: { duration: 2_000, sweep: 500 } };
      const recurring: RecurringConfig[] = [
        { id: 'often', recurrence: { every: 500 }, overlap: 'allow' },
      ];
      const shared = { options, recurring };
      const killed = await row.start({ ...shared, clockShiftMs: HOUR_MS });
      const held = { does: 'return-late' } as const;
      await killed.call('enqueue', { label: 'held', count: 1, behaviour: held });
      await row.until('a job runs', () => row.startedCount('held') === 1, 10_000);
      await row.until('there are ticks', () => dueTimes(row, 'often').length >= 3, 20_000);
      await row.kill(killed);
      const before = dueTimes(row, 'often').length;
      const next = await row.start({ ...shared, finishAtOnce: true });
      const ticks = (): number => dueTimes(row, 'often').length - before;
      await row.until('there are ticks again', () => ticks() >= 3, 25_000);
      const reruns = () =>
        row.ledger.of('started').filter(({ pid, label }) => pid === next.pid && label === 'held-0');
      await row.until('the job runs again', () => reruns().length === 1, 25_000);
      row.print(`ticks after the restart ${ticks()}, jobs taken over ${reruns().length}`);
      expect(next.exit).toBeUndefined();
    },
    rowTimeout(90_000, 90_000),
  );
});
