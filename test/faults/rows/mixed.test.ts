import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { storedRows } from '../../support/stored-rows.js';
import type { AppProcess } from '../harness/app-process.js';
import { checkMixed } from '../harness/mixed-verdict.js';
import type { RecurringConfig } from '../harness/protocol.js';
import { describeRow } from '../harness/row-engines.js';
import { type Row, type RowAppOptions, rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { dueTimes } from './tick-account.js';

const LOAD_MS = LONG ? 600_000 : 30_000;
const WORKERS = LONG ? 3 : 2;
const EVERY_MS = 1_000;

/** Between two kills. */
const KILL_PAUSE_MS = [2_000, 5_000] as const;

/** By then everything has ended that can, a killed process's jobs included. */
const END_MS = 120_000;

/** By then a ticket has gone whose job was never stored, which is looked at after a minute. */
const EMPTY_MS = 180_000;

const OPTIONS: RowAppOptions = {
  mixed: true,
  options: {
    lock: { duration: 8_000, sweep: 1_000 },
    defaults: { concurrency: 10, removeOnComplete: { age: '5s' }, removeOnFail: { age: '5s' } },
  },
};

/**
 * What stays, once for a queue, an application or a process that lives: settings, counters, clients, the log of events, and
 * Redis' index of values, which are rows of their own.
 */
const STANDING: readonly RegExp[] = [
  /:x:(starts:last|turns:last|keys|expiry)$/,
  /:(id|meta|events|pc|marker|stalled-check)$/,
  /^(queue|queue_meta|meta|relay_counter|event|client) /,
];

const RECURRING: RecurringConfig = {
  id: 'each-second',
  recurrence: { every: EVERY_MS },
  overlap: 'allow',
  misfire: 'fire-all',
};

describeRow('a mixed load', (engine) => {
  it(
    'loses, doubles and leaves nothing, whoever is killed',
    async () => {
      const row = startRow('mixed', engine);
      const worker: RowAppOptions = { ...OPTIONS, recurring: [RECURRING] };
      const startProducer = (): Promise<AppProcess> => row.startProducer(OPTIONS);
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
      const rows = await emptied(row, steady, () => storedRows(engine, row.isolation));
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

/** Waits until all jobs have ended. @returns those that have not in time, by their states */
async function ended(row: Row, observer: AppProcess): Promise<Record<string, number>> {
  for (const deadline = performance.now() + END_MS; ; await delay(500)) {
    row.refuseDeaths();
    const left = await observer.call('live', undefined);
    if (sum(left) === 0 || performance.now() > deadline) return left;
  }
}

/** Waits until nothing is left that does not go by itself. @returns what is left in the end */
async function emptied(
  row: Row,
  observer: AppProcess,
  read: () => ReturnType<typeof storedRows>,
): Promise<string[]> {
  for (const deadline = performance.now() + EMPTY_MS; ; await delay(1_000)) {
    row.refuseDeaths();
    await observer.call('sweep', undefined);
    const rows = await read();
    const left = rows.filter(
      ({ text, expires }) => !expires && !STANDING.some((standing) => standing.test(text)),
    );
    if (left.length === 0 || performance.now() > deadline) return left.map(({ text }) => text);
  }
}

/** Counts ticks from the first one that ran to the last. */
function checkTicks(row: Row): { due: number; missed: number; twice: number } {
  const due = new Set(dueTimes(row, RECURRING.id));
  const missed = (Math.max(...due) - Math.min(...due)) / EVERY_MS + 1 - due.size;
  const ticks = row.ledger.of('started').filter(({ label }) => label.startsWith(RECURRING.id));
  return { due: due.size, missed, twice: new Set(ticks.map(({ jobId }) => jobId)).size - due.size };
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
