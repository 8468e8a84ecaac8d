import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { checkMixed } from '../harness/mixed-verdict.js';
import { checkTicks, EACH_SECOND, ended, MIXED, rowsLeft, sum } from './mixed-row.js';
import { describeRow } from '../harness/row-engines.js';
import { type Row, type RowAppOptions, rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';

const LOAD_MS = LONG ? 600_000 : 30_000;
const WORKERS = LONG ? 3 : 2;

/** Between two kills. */
const KILL_PAUSE_MS = [2_000, 5_000] as const;

describeRow('a mixed load', (engine) => {
  it(
    'loses, doubles and leaves nothing, whoever is killed',
    async () => {
      const row = startRow('mixed', engine);
      const worker: RowAppOptions = { ...MIXED, recurring: [EACH_SECOND] };
      const startProducer = (): Promise<AppProcess> => row.startProducer(MIXED);
      // One after the other: all at once, a busy machine takes longer for each than is waited for.
      const [steady, mortal] = [await startProducer(), await startProducer()];
      const workers: AppProcess[] = [];
      while (workers.length < WORKERS) workers.push(await row.start(worker));
      const load = (producer: AppProcess, name: string, ms: number) =>
        producer.call('mix', { seed: row.random.int(0, 1e9), name, ms, lanes: 3, pauseMs: 60 });
      const loads = load(steady, 'steady', LOAD_MS);
      const meddling = steady.call('meddle', {
        seed: row.random.int(0, 1e9),
        ms: LOAD_MS,
        pauseMs: 60,
      });
      const kills = await killAtRandom(row, workers, worker, mortal, startProducer, load);
      await loads;
      const meddled = await meddling;

      await steady.call('endRecurring', undefined);
      const left = await ended(row, steady);
      await steady.call('clean', undefined);
      const rows = await rowsLeft(row, steady, engine);
      const verdict = checkMixed(row.ledger.refresh());
      const ticks = checkTicks(row);

      const { lost, doubled, storedTwice, excess } = verdict;
      row.print(
        `${kills} kills, acked ${verdict.acked}, runs ${verdict.runs}, lost ${lost.length}, doubled without a kill ` +
          `${doubled.length}, stored twice ${storedTwice.length}, limits exceeded ${excess}, stuck ` +
          `${sum(left)}, ticks ${ticks.due} (missed ${ticks.missed}, twice ${ticks.twice}), rows left ${rows.length}; ` +
          Object.entries(meddled)
            .map(([what, count]) => `${what} ${count}`)
            .join(', '),
      );
      expect({ left, rows }).toEqual({ left: {}, rows: [] });
      expect(verdict).toMatchObject({
        lost: [],
        unexpected: [],
        doubled: [],
        storedTwice: [],
        steppedTwice: [],
        early: [],
        excess: 0,
      });
      expect(ticks).toMatchObject({ missed: 0, twice: 0 });
    },
    rowTimeout(LOAD_MS + 420_000, LOAD_MS + 900_000),
  );
});

/** Kills a process every few seconds while the load goes on, mostly a worker, and replaces it. */
async function killAtRandom(
  row: Row,
  workers: AppProcess[],
  workerOptions: RowAppOptions,
  firstMortal: AppProcess,
  startProducer: () => Promise<AppProcess>,
  load: (producer: AppProcess, name: string, ms: number) => Promise<unknown>,
): Promise<number> {
  const until = performance.now() + LOAD_MS;
  const loadOn = (producer: AppProcess, name: string): void => {
    load(producer, name, until - performance.now()).catch(() => undefined);
  };
  const starting: Promise<void>[] = [];
  let mortal = firstMortal;
  let kills = 0;
  loadOn(mortal, `mortal${kills}`);
  while (performance.now() < until) {
    await delay(row.random.int(...KILL_PAUSE_MS));
    row.refuseDeaths();
    kills += 1;
    const victim = row.random.int(0, workers.length);
    if (victim < workers.length) {
      // Not waited for: on a busy machine, starting takes longer than the pause.
      const killed = workers[victim]!;
      const replacement = row.fork(workerOptions);
      workers[victim] = replacement;
      // One that is killed before it has started never will.
      starting.push(replacement.ready().catch(() => undefined));
      await row.kill(killed);
    } else {
      await row.kill(mortal);
      mortal = await startProducer();
      loadOn(mortal, `mortal${kills}`);
    }
  }
  await Promise.all(starting);
  // Its last calls have their answers, or are never to have one.
  await row.kill(mortal);
  return kills;
}
