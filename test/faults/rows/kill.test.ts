import { it } from 'vitest';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';
import { expectPromises, FULL_KILLS, type KillPlan, killUnderLoad } from './kill-under-load.js';

/** A short lock, so that there is time for many kills. */
const PLAN: KillPlan = {
  lock: { duration: 2_000, sweep: 500 },
  ...(LONG
    ? FULL_KILLS
    : { jobs: 500, kills: 5, workers: 3, concurrency: 5, ms: [100, 400], deadlineMs: 45_000 }),
};

describeRow('kill -9, lock 2 s', (engine) => {
  it(
    'loses nothing, and repeats only what was in flight',
    async () => {
      const row = startRow('kill -9, lock 2 s', engine);
      const verdict = await killUnderLoad(row, PLAN);

      expectPromises(verdict, PLAN);
    },
    rowTimeout(90_000, 1_800_000),
  );
});
