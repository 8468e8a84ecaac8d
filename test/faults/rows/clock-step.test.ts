import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { ledgerNow } from '../harness/ledger.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { describeRowWithout } from '../harness/row-engines.js';
import { BOOT_MS } from './tick-account.js';

const LOCK = { duration: 2_000, sweep: 500 };
const HOUR_MS = 3_600_000;

/** Longer than the lock and several sweeps: a lock that looks expired is found. */
const HOLD_MS = 4_500;

/** Beyond lock and sweeps, a process has to start the job, in ms. */
const GRACE_MS = 2_500;

/**
 * Where the clock of the machine is the store's, and each process could read it at another moment.
 */
describeRowWithout('sharedAcrossMachines', 'a wall clock that is set', (engine) => {
  it(
    'takes no job from another process, and keeps none of a dead one',
    async () => {
      const row = startRow('a wall clock that is set', engine);
      const holder = await row.start({ options: { lock: LOCK } });
      const held = { does: 'return-late' } as const;
      await holder.call('enqueue', { label: 'held', count: 1, behaviour: held });
      await row.until('the job runs', () => row.startedCount('held') === 1, 10_000);
      const other = await row.start({
        options: { lock: LOCK },
        finishAtOnce: true,
        clockShiftMs: 0,
      });
      const runsOf = (app: AppProcess): number =>
        row.ledger.refresh().filter((line) => line.type === 'started' && line.pid === app.pid)
          .length;

      for (const shiftMs of [20_000, HOUR_MS, -HOUR_MS]) {
        await other.call('setClock', { shiftMs });
        await delay(HOLD_MS);
        expect(runsOf(other), `runs of the process whose clock is ${shiftMs} ms off`).toBe(0);
      }
      expect(runsOf(holder)).toBe(1);

      await row.kill(holder);
      const killedAt = ledgerNow();
      await row.until('the job runs again', () => runsOf(other) === 1, 15_000);
      const afterMs = row.ledger.of('started').at(-1)!.at - killedAt;
      row.print(`taken 0 by clocks ahead and behind; after a kill taken over in ${afterMs} ms`);
      expect(afterMs).toBeLessThan(LOCK.duration + 2 * LOCK.sweep + GRACE_MS);
    },
    rowTimeout(60_000, 60_000),
  );

  it(
    'back by an hour before a restart keeps no key from who waits for it',
    async () => {
      const row = startRow('a restart with the clock behind, and keys', engine);
      const shared = { keyed: { isChecked: false }, options: { lock: LOCK } };
      const killed = await row.start({ ...shared, clockShiftMs: HOUR_MS });
      const enqueue = (app: AppProcess, first: number, ms: number) =>
        app.call('enqueueKeyed', { keys: ['key0x1'], first, count: 1, ms, isFree: false });
      await enqueue(killed, 0, 60_000);
      await row.until('the holder runs', () => row.startedCount() === 1, 10_000);
      await enqueue(killed, 1, 0);
      // So that the next one stands in the line, and the turn was renewed.
      await delay(LOCK.duration);
      await row.kill(killed);
      const killedAt = ledgerNow();
      // It looks for abandoned jobs too seldom to bring the holder back, which would be the first
      // in the line.
      const rare = { ...LOCK, sweep: 60_000 };
      await row.start({ ...shared, options: { lock: rare } });
      await row.until('the next one runs', () => row.startedCount() === 2, 30_000);
      const afterMs = row.ledger.of('started').at(-1)!.at - killedAt;
      row.print(`the key is free ${afterMs} ms after a kill`);
      expect(afterMs).toBeLessThan(LOCK.duration + BOOT_MS + GRACE_MS);
    },
    rowTimeout(60_000, 60_000),
  );
});
