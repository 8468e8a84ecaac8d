import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { percentile, printFigures, spread } from '../../harness/figures.js';
import { LONG, QUICK } from '../../harness/seeds.js';
import type { LoadAppConfig, LoadOrder, LoadReport, LoadTold } from '../apps/load-app.protocol.js';
import { Child } from '../harness/child.js';
import { testFolder } from '../harness/store-row.js';

const JOBS = LONG ? 200_000 : QUICK ? 6_000 : 12_000;
const WAKE_UPS = 60;
const TIMEOUT_MS = LONG ? 300_000 : 60_000;

type LoadApp = Child<LoadTold, LoadOrder>;

async function start(config: LoadAppConfig): Promise<LoadApp> {
  const app: LoadApp = new Child('load-app', config);
  await app.until('up', () => app.told.length > 0);
  return app;
}

async function report(app: LoadApp): Promise<LoadReport> {
  app.order({ do: 'report' });
  await app.until('a report', () => app.of('report').length > 0);
  return app.of('report')[0]!.report;
}

const runs = (app: LoadApp) => app.of('progress').at(-1)?.runs ?? 0;

describe('several processes on one file', () => {
  it.each([2, 4])(
    '%i workers: each job runs once, nobody sees a busy file, nobody starves',
    async (count) => {
      const path = join(testFolder(), 'jobs.sqlite');
      const producer = await start({ path, worker: false });
      const workers = await Promise.all(
        Array.from({ length: count }, () => start({ path, worker: true })),
      );

      producer.order({ do: 'add', count: JOBS, bytes: 100 });
      const isDone = () => workers.reduce((sum, worker) => sum + runs(worker), 0) >= JOBS;
      await Promise.race(workers.map((worker) => worker.until('all', isDone, TIMEOUT_MS)));
      const reports = await Promise.all(workers.map(report));
      const produced = await report(producer);

      const runIds = reports.flatMap(({ ran }) => ran);
      const shares = reports.map(({ ran }) => ran.length);
      const all = [...reports, produced];
      const blocks = all.flatMap((told) => told.blocks);
      const processorBlocks = all.flatMap((told) => told.processorBlocks);
      printFigures(
        `${count} workers and a producer on one SQLite file`,
        `shares ${Math.min(...shares)} to ${Math.max(...shares)}; work of the store by the clock ` +
          `${spread(blocks)}, of the processor ${spread(processorBlocks)}; ` +
          `event loop delays up to ${Math.max(...all.map(({ longestDelay }) => longestDelay)).toFixed(0)} ms`,
      );
      expect(runIds).toHaveLength(JOBS);
      expect(new Set(runIds).size).toBe(JOBS);
      expect(all.flatMap(({ errors }) => errors)).toEqual([]);
      expect(Math.min(...shares)).toBeGreaterThan(JOBS / count / 10);
      expect(Math.max(...processorBlocks)).toBeLessThan(50);
      // By the clock the disk and the other processes count, too.
      expect(percentile(blocks, 99)).toBeLessThan(50);
    },
    TIMEOUT_MS,
  );

  it('wakes an idle worker in another process at once, and it costs nothing while it is idle', async () => {
    const path = join(testFolder(), 'jobs.sqlite');
    const [producer, worker] = await Promise.all([
      start({ path, worker: false }),
      start({ path, worker: true }),
    ]);
    producer.order({ do: 'add', count: WAKE_UPS, bytes: 10, pauseMs: 50 });
    await worker.until('all jobs', () => runs(worker) === WAKE_UPS);
    worker.order({ do: 'measure-cpu', ms: 4_000 });
    await worker.until('its processor time', () => worker.of('cpu').length > 0);

    const { latencies } = await report(worker);
    const { percent } = worker.of('cpu')[0]!;
    printFigures(
      'wake-up of a worker in another process on SQLite',
      `${spread(latencies)}; idle it takes ${percent.toFixed(2)} % of a processor`,
    );
    expect(percentile(latencies, 50)).toBeLessThan(50);
    expect(percent).toBeLessThan(3);
  });
});
