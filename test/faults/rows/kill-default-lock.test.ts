import { expect, it } from 'vitest';
import { percentile } from '../harness/figures.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';
import { expectPromises, FULL_KILLS, type KillPlan, killUnderLoad } from './kill-under-load.js';

/** No `lock`: the module's own defaults. Nearly all of the time goes by waiting for them. */
const PLAN: KillPlan = LONG
  ? FULL_KILLS
  : { jobs: 200, kills: 2, workers: 2, concurrency: 5, ms: [100, 400], deadlineMs: 45_000 };

/** From the kill to the re-run. */
const RECOVERY_AIM_MS = 30_000;

describeRow('kill -9, default lock', (engine) => {
  it(
    'runs what was in flight again within 30 s',
    async () => {
      const row = startRow('kill -9, default lock', engine);
      const verdict = await killUnderLoad(row, PLAN);

      expectPromises(verdict, PLAN);
      expect(percentile(verdict.recoveries, 99)).toBeLessThan(RECOVERY_AIM_MS);
    },
    rowTimeout(90_000, 1_800_000),
  );
});
