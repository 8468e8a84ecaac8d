import { expect, it } from 'vitest';
import { violations } from '../harness/checker.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';

const JOBS = LONG ? 1_000 : 40;

/** A rolling deploy: the new version enqueues jobs that only the new version can run. */
describeRow('unknown name', (engine) => {
  it(
    'burns no attempt, and runs after the upgrade',
    async () => {
      const row = startRow('unknown name', engine);
      // One attempt, so that a burned one is a failed job.
      const options = { defaults: { attempts: 1 } };
      const [producer, old] = await Promise.all([
        row.startProducer({ options, upgraded: true }),
        row.start({ options }),
      ]);
      const behaviour = { does: 'work', ms: 5 } as const;
      await Promise.all([
        producer.call('enqueue', { label: 'new', count: JOBS, behaviour, handler: 'upgrade' }),
        producer.call('enqueue', { label: 'old', count: JOBS, behaviour }),
      ]);

      const newJobs = async () =>
        [...(await row.stored(producer)).values()].filter(({ label }) => label.startsWith('new'));
      await row.until(
        'the old version has met and postponed all new jobs',
        async () => (await newJobs()).every(({ state }) => state === 'delayed'),
        15_000,
      );
      await row.until('it runs the jobs it knows', () => row.startedCount('old') === JOBS, 10_000);
      const burned = (await newJobs()).filter(({ attemptsMade }) => attemptsMade > 0);
      expect(row.startedCount('new')).toBe(0);

      const upgraded = await row.start({ options, upgraded: true });
      await row.until('the new version runs some', () => row.startedCount('new') > 0, 20_000);
      await row.kill(old);
      const verdict = await row.settled(producer, 40_000);
      const started = row.ledger.of('started').filter(({ label }) => label.startsWith('new'));
      row.print(
        `${JOBS} new jobs met by an old worker: attempts burned ${burned.length}, run after the upgrade ` +
          `${started.length}, by the new version ${started.filter(({ pid }) => pid === upgraded.pid).length}`,
      );
      expect(burned).toEqual([]);
      expect(violations(verdict)).toEqual([]);
      expect(started.map(({ pid, attempt }) => ({ pid, attempt }))).toEqual(
        Array.from({ length: JOBS }, () => ({ pid: upgraded.pid, attempt: 1 })),
      );
    },
    rowTimeout(60_000, 120_000),
  );
});
