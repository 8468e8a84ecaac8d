import { expect, it } from 'vitest';
import { violations } from '../harness/checker.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRowWith } from '../harness/row-engines.js';

const LOCK = { duration: 2_000, sweep: 500 };
const JOBS = 10;

/** Longer than the lock and several sweeps: a lock that looks expired is found. */
const HOLD_MS = LONG ? 20_000 : 4_500;

const SKEWS = LONG
  ? ([60, 3_600, -60, -3_600] as const).map((s) => s * 1_000)
  : ([60, -60] as const).map((s) => s * 1_000);

for (const skewMs of SKEWS) {
  const name = `${skewMs > 0 ? '+' : ''}${skewMs / 1_000} s`;

  describeRowWith('sharedAcrossMachines', `clock of the others ${name}`, (engine) => {
    it(
      'steals no job',
      async () => {
        const row = startRow(`clock of the others ${name}`, engine);
        const options = { lock: LOCK, defaults: { concurrency: JOBS } };
        const [producer, holder] = await Promise.all([row.startProducer(), row.start({ options })]);
        const held = { does: 'return-late' } as const;
        await producer.call('enqueue', { label: 'held', count: JOBS, behaviour: held });
        await row.until('all jobs run', () => row.startedCount('held') === JOBS, 10_000);

        // Its sweeps see locks that a right clock has set.
        const thief = await row.start({ options, clockShiftMs: skewMs });
        await producer.call('enqueue', {
          label: 'free',
          count: JOBS,
          behaviour: { does: 'work', ms: HOLD_MS },
        });
        await row.until(
          'all other jobs have run',
          () =>
            row.ledger.of('ended').filter(({ label }) => label.startsWith('free')).length >= JOBS,
          40_000,
        );
        const jobs = row.addresses().filter(({ label }) => label.startsWith('held'));
        await producer.call('cancel', { jobs, pauseMs: 0 });
        const verdict = await row.settled(producer, 40_000);
        const byThief = row.ledger.of('started').filter(({ pid }) => pid === thief.pid);
        const stolen = byThief.filter(({ label }) => label.startsWith('held'));
        row.print(
          `${JOBS} jobs held for more than ${HOLD_MS} ms under a lock of ${LOCK.duration} ms, stolen ` +
            `${stolen.length}; ${byThief.length - stolen.length} run by the skewed worker, duplicated ${verdict.duplicated.length}`,
        );
        expect(violations(verdict)).toEqual([]);
        expect(stolen).toEqual([]);
        // It works, and its own jobs, whose locks it sets by a wrong clock, are not stolen from it.
        expect(byThief).toHaveLength(JOBS);
        expect(verdict.duplicated).toEqual([]);
        expect(holder.exit).toBeUndefined();
      },
      rowTimeout(60_000, 120_000),
    );
  });
}
