import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import type { AppCommands } from '../harness/protocol.js';
import { type Verdict, violations } from '../harness/checker.js';
import { type Row, rowTimeout, startOwnStoreRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeOwnStores } from '../harness/row-engines.js';

const LOCK = { duration: 2_000, sweep: 500 };

/** A run that was under way when the store went away may be repeated once its lock is over. */
const AFTERMATH_MS = LOCK.duration + 4 * LOCK.sweep;

const PLAN = LONG
  ? { jobs: 20_000, outages: 20, cuts: 200, workers: 4, concurrency: 10, deadlineMs: 600_000 }
  : { jobs: 800, outages: 2, cuts: 25, workers: 2, concurrency: 10, deadlineMs: 40_000 };

/** At each cut, how many results are waited for: those of the newest jobs. */
const WAITS = 10;

const TIMEOUT_MS = rowTimeout(90_000, 1_200_000);

describeOwnStores('store killed and restarted', (engine) => {
  it(
    'loses nothing, and stores no success as a failure',
    async () => {
      const { row, store } = await startOwnStoreRow('store killed and restarted', engine);
      const { observer, load } = await startLoad(row);
      let downMs = 0;
      for (const progress of row.random.ascending(PLAN.outages, PLAN.jobs * 0.1, PLAN.jobs * 0.7)) {
        await row.until(
          `${progress} jobs have started`,
          () => row.startedCount() >= progress,
          60_000,
        );
        const lasts = row.random.int(300, 1_500);
        downMs += lasts;
        await row.fault(
          'store',
          async () => {
            await store.crash();
            await delay(lasts);
            await store.restart();
          },
          AFTERMATH_MS,
        );
      }
      const faults = `${PLAN.outages} crashes (${downMs} ms down)`;
      const verdict = await finish(row, observer, load, faults);
      expect(violations(verdict)).toEqual([]);
      expect(verdict.acked).toBe(PLAN.jobs);
    },
    TIMEOUT_MS,
  );
});

describeOwnStores('connections terminated', (engine) => {
  it(
    'loses nothing, and stores no success as a failure',
    async () => {
      const { row, store } = await startOwnStoreRow('connections terminated', engine);
      const { observer, load } = await startLoad(row);
      // It is the waiting that is tested, not for how long a single read may take on a busy
      // machine.
      const waiter = await row.startProducer({ options: { enqueueTimeout: PLAN.deadlineMs } });
      const waits: Promise<AppCommands['results'][1]>[] = [];
      let ended = 0;
      for (let cut = 0; cut < PLAN.cuts; cut++) {
        const progress = (PLAN.jobs * 0.8 * cut) / PLAN.cuts;
        await row.until(
          `${progress} jobs have started`,
          () => row.startedCount() >= progress,
          60_000,
        );
        const jobs = row.addresses().slice(-WAITS);
        waits.push(waiter.call('results', { jobs, timeoutMs: PLAN.deadlineMs }));
        await delay(row.random.int(0, 50));
        ended += await row.fault('connections', () => store.cutConnections(), AFTERMATH_MS);
      }
      const faults = `${PLAN.cuts} times, ${ended} connections`;
      const verdict = await finish(row, observer, load, faults);
      expect(violations(verdict)).toEqual([]);
      expect(verdict.acked).toBe(PLAN.jobs);
      // Who waits for a result is not bothered with connections that come back.
      const errors = (await Promise.all(waits)).flatMap((answer) => answer.errors);
      expect(errors).toEqual([]);
      expect(ended).toBeGreaterThanOrEqual(PLAN.cuts);
    },
    TIMEOUT_MS,
  );
});

async function startLoad(row: Row): Promise<{ observer: AppProcess; load: Promise<unknown> }> {
  const options = {
    lock: LOCK,
    enqueueTimeout: 1_000,
    // One attempt: a success that is taken for a failure is not hidden by a retry that succeeds.
    defaults: { concurrency: PLAN.concurrency, attempts: 1 },
  };
  const [observer] = await Promise.all([
    row.startProducer({ options }),
    ...Array.from({ length: PLAN.workers }, () => row.start({ options })),
  ]);
  const load = observer.call('enqueue', {
    label: 'job',
    count: PLAN.jobs,
    behaviour: { does: 'work', ms: [20, 200] },
    seed: row.random.int(0, 1e9),
    // About as fast as the workers, so that enqueues too are under way at every fault.
    lanes: 4,
    pauseMs: 20,
  });
  load.catch(() => undefined);
  return { observer, load };
}

/** Nobody restarts a worker here: they have to come back by themselves. */
async function finish(
  row: Row,
  observer: AppProcess,
  load: Promise<unknown>,
  faults: string,
): Promise<Verdict> {
  await load;
  const verdict = await row.settled(observer, PLAN.deadlineMs);
  const uncertain = row.ledger.of('uncertain').length;
  const refused = row.ledger.of('refused').length;
  row.print(
    `${faults}, acked ${verdict.acked}, lost ${verdict.lost.length}, success stored as failed ` +
      `${verdict.successStoredAsFailed.length}, duplicated ${verdict.duplicated.length}, ` +
      `enqueues that said uncertain ${uncertain}, refused ${refused}`,
  );
  return verdict;
}
