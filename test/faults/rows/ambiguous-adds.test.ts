import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { violations } from '../harness/checker.js';
import { TcpProxy } from '../harness/proxy.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRowWith } from '../harness/row-engines.js';

const PLAN = LONG
  ? { jobs: 50_000, resets: 500, outages: 20, workers: 2 }
  : { jobs: 2_000, resets: 20, outages: 3, workers: 1 };

const ENQUEUE_TIMEOUT_MS = 700;

/**
 * Enqueues whose answers get lost: the connection is reset at any moment, and just after the store
 * has done what it was asked. Longer cuts let calls reject, as uncertain or as not stored; the
 * producer repeats them with the id of the error, as its message says.
 */
describeRowWith('sharedAcrossMachines', 'ambiguous adds', (engine) => {
  it(
    'stores each enqueue once, whatever its caller was told',
    async () => {
      const row = startRow('ambiguous adds', engine);
      const proxy = await TcpProxy.start(row.url);
      onTestFinished(() => proxy.stop());
      const rejections = () => row.ledger.of('uncertain').length + row.ledger.of('refused').length;
      const [observer, producer] = await Promise.all([
        row.startProducer(),
        row.startProducer({
          connection: proxy.urlFor(row.url),
          options: { enqueueTimeout: ENQUEUE_TIMEOUT_MS },
        }),
        ...Array.from({ length: PLAN.workers }, () =>
          row.start({ options: { defaults: { concurrency: 50 } } }),
        ),
      ]);
      // One in four has an id of the user's: then the module also reads back whose job is stored.
      const load = Promise.all(
        [false, true].map((ownIds) =>
          producer.call('enqueue', {
            label: ownIds ? 'own' : 'job',
            ownIds,
            count: PLAN.jobs * (ownIds ? 0.25 : 0.75),
            behaviour: { does: 'work', ms: 0 },
            lanes: ownIds ? 10 : 30,
            pauseMs: 25,
          }),
        ),
      );
      let failure: unknown;
      load.catch((error: unknown) => (failure = error));

      const outageAt = new Set(row.random.ascending(PLAN.outages, 1, PLAN.resets - 1));
      for (let reset = 0; reset < PLAN.resets; reset++) {
        const progress = Math.floor((0.9 * PLAN.jobs * reset) / PLAN.resets);
        await row.until(
          `${progress} jobs are acked`,
          () => failure !== undefined || row.ledger.of('acked').length >= progress,
          120_000,
        );
        if (failure !== undefined) break;
        await delay(row.random.int(0, 15));
        if (outageAt.has(reset)) {
          // What was sent just before is stored, and nobody is told until the calls are given up.
          await proxy.cutAnswer('refuse');
          const before = rejections();
          await row.until('calls are rejected', () => rejections() > before, 10_000);
          await proxy.setMode('pass');
        } else if (row.random.next() < 0.5) {
          await proxy.cutAnswer();
        } else {
          proxy.reset();
        }
      }
      await load;
      const verdict = await row.settled(observer, 60_000);
      const uncertain = row.ledger.of('uncertain').length;
      const refused = row.ledger.of('refused').length;
      row.print(
        `${PLAN.resets} cuts (${outageAt.size} long), acked ${verdict.acked}, lost ${verdict.lost.length}, duplicated ` +
          `${verdict.duplicated.length}, stored twice ${verdict.storedTwice.length}, uncertain and ` +
          `repeated ${uncertain}, refused and repeated ${refused}`,
      );
      expect(violations(verdict)).toEqual([]);
      expect(verdict).toMatchObject({ acked: PLAN.jobs, duplicated: [] });
      expect(uncertain).toBeGreaterThan(0);
    },
    rowTimeout(60_000, 900_000),
  );
});
