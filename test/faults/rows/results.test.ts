import { expect, it } from 'vitest';
import { violations } from '../harness/checker.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';

const PROCESSES = 3;
const JOBS_EACH = LONG ? 1_700 : 250;
const CONCURRENCY = 16;

/** Waiters in every process for jobs that run in every process: nobody waits for ever. */
describeRow('result()', (engine) => {
  it(
    'never hangs',
    async () => {
      const row = startRow('result()', engine);
      const options = { defaults: { concurrency: CONCURRENCY } };
      const apps = await Promise.all(
        Array.from({ length: PROCESSES }, () => row.start({ options })),
      );
      const seed = row.random.int(0, 1e9);
      await Promise.all(
        apps.map((app, index) =>
          app.call('enqueue', {
            label: `from${index}`,
            count: JOBS_EACH,
            behaviour: { does: 'work', ms: [0, 60] },
            seed,
            lanes: CONCURRENCY,
          }),
        ),
      );
      const jobs = row.addresses();
      const answers = await Promise.all(
        apps.map((app, index) =>
          app.call('results', {
            jobs: jobs.filter(({ label }) => label.startsWith(`from${index}-`)),
            timeoutMs: LONG ? 120_000 : 30_000,
          }),
        ),
      );
      const values = answers.flatMap((answer) => answer.values);
      const errors = answers.flatMap((answer) => answer.errors);
      const verdict = await row.settled(apps[0]!, 20_000);
      row.print(
        `${jobs.length} waits in ${PROCESSES} processes with ${PROCESSES * CONCURRENCY} slots, ` +
          `answered ${values.length}, hung ${errors.length}`,
      );
      expect(errors).toEqual([]);
      expect(violations(verdict)).toEqual([]);
      const runs = new Set(row.ledger.of('ended').map(({ run }) => run));
      expect(new Set(values)).toEqual(runs);
    },
    rowTimeout(60_000, 300_000),
  );
});
