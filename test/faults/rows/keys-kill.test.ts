import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { violations } from '../harness/checker.js';
import { ledgerNow } from '../harness/ledger.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { checkTurns } from '../harness/turns.js';
import { describeRow } from '../harness/row-engines.js';

const LOCK = { duration: 2_000, sweep: 500 };

/** Beyond the lock, a process has to notice, and to start the next job, in ms. */
const GRACE_MS = 1_500;

const KILLS = LONG ? 40 : 4;
const WORKERS = LONG ? 4 : 3;
const KEYS = 20;
const JOBS = LONG ? 4_000 : 300;

describeRow('concurrency keys and kill -9', (engine) => {
  it(
    'free the key of a dead holder within the time of its lock',
    async () => {
      const row = startRow('dead holder of a key', engine);
      const keyed = { isChecked: false };
      const producer = await row.startProducer({ keyed });
      const first = await row.start({ keyed, options: { lock: LOCK } });
      const enqueue = (from: number, ms: number) =>
        producer.call('enqueueKeyed', {
          keys: ['key0x1'],
          first: from,
          count: 1,
          ms,
          isFree: false,
        });
      await enqueue(0, 60_000);
      await row.until('the holder runs', () => row.startedCount() === 1, 10_000);
      // Looks for abandoned jobs too seldom to bring the holder back, which would be the first in
      // the line.
      await row.start({ keyed, options: { lock: { ...LOCK, sweep: 60_000 } } });
      await enqueue(1, 0);
      // So that the lock was renewed before: the longest that it can hold the key.
      await delay(LOCK.duration);
      await row.kill(first);
      const killedAt = ledgerNow();
      await row.until('the next one runs', () => row.startedCount() === 2, 30_000);

      const next = row.ledger.of('started').at(-1)!;
      row.print(`lock ${LOCK.duration} ms: free after ${next.at - killedAt} ms`);
      // Not before: the lock was renewed all the while.
      expect(next.at - killedAt).toBeGreaterThan(0);
      expect(next.at - killedAt).toBeLessThan(LOCK.duration + GRACE_MS);
    },
    rowTimeout(120_000, 120_000),
  );

  it(
    'are never stuck, and never exceed their limit, whoever is killed',
    async () => {
      const row = startRow('kills with keys', engine);
      const keyed = { isChecked: false };
      const start = (): Promise<AppProcess> =>
        row.start({ keyed, options: { lock: LOCK, defaults: { concurrency: 5 } } });
      const [producer, ...workers] = await Promise.all([
        row.startProducer({ keyed }),
        ...Array.from({ length: WORKERS }, start),
      ]);
      const keys = Array.from({ length: KEYS }, (_, i) => `key${i}x${i % 4 === 0 ? 2 : 1}`);
      const stored = producer.call('enqueueKeyed', {
        keys,
        first: 0,
        count: JOBS,
        ms: 20,
        isFree: false,
      });
      for (const progress of row.random.ascending(KILLS, JOBS * 0.1, JOBS * 0.7)) {
        await row.until(`${progress} started`, () => row.startedCount() >= progress, 300_000);
        await delay(row.random.int(0, 30));
        const victim = row.random.int(0, workers.length - 1);
        await row.kill(workers[victim]!);
        workers[victim] = await start();
      }
      await stored;
      const verdict = await row.settled(producer, 300_000);

      const { excess } = checkTurns(row.ledger.events);
      row.print(
        `${KILLS} kills, ${KEYS} keys, acked ${verdict.acked}, lost ${verdict.lost.length}, unsettled ` +
          `${verdict.unsettled.length}, duplicated ${verdict.duplicated.length} (in flight ${verdict.inFlight}), ` +
          `excess ${excess}`,
      );
      expect(violations(verdict)).toEqual([]);
      expect(excess).toBe(0);
    },
    rowTimeout(120_000, 900_000),
  );
});
