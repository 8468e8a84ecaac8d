import { expect, it } from 'vitest';
import type { AppProcess } from '../harness/app-process.js';
import { violations } from '../harness/checker.js';
import { ledgerNow } from '../harness/ledger.js';
import { type Row, rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { checkTurns } from '../harness/turns.js';
import { describeRow } from '../harness/row-engines.js';

const PROCESSES = 4;
const KEYS = LONG ? 200 : 20;
const JOBS = LONG ? 20_000 : 600;

/**
 * Of each key, as many run at once as its name says: of every fourth key two, of all others one.
 */
const keysOf = (count: number) =>
  Array.from({ length: count }, (_, i) => `key${i}x${i % 4 === 0 ? 2 : 1}`);

const isSingle = (label: string) => label.includes('x1-');

async function startWorkers(row: Row, isChecked: boolean): Promise<AppProcess[]> {
  return Promise.all(Array.from({ length: PROCESSES }, () => row.start({ keyed: { isChecked } })));
}

/** @returns jobs per second from the first start to the last end */
async function measure(row: Row, producer: AppProcess, isFree: boolean, round: number) {
  const prefix = `${isFree ? 'free' : 'held'}${round}`;
  const keys = keysOf(KEYS).map((key) => prefix + key);
  const startedAt = ledgerNow();
  await producer.call('enqueueKeyed', { keys, first: 0, count: JOBS, ms: 0, isFree });
  const ended = () => row.ledger.of('ended').filter(({ label }) => label.startsWith(prefix));
  await row.until(`${prefix} has run`, () => ended().length >= JOBS, 600_000);
  return (JOBS / (ended().at(-1)!.at - startedAt)) * 1_000;
}

describeRow('concurrency keys', (engine) => {
  it(
    'keep their limit and their order in four processes, and lose nothing',
    async () => {
      const row = startRow('concurrency keys', engine);
      const producer = await row.startProducer({ keyed: { isChecked: false } });
      await startWorkers(row, true);
      const startedAt = ledgerNow();
      await producer.call('enqueueKeyed', {
        keys: keysOf(KEYS),
        first: 0,
        count: JOBS,
        ms: 1,
        isFree: false,
      });
      const verdict = await row.settled(producer, 600_000);

      const { excess, outOfOrder } = checkTurns(row.ledger.events);
      const single = outOfOrder.filter(isSingle);
      row.print(
        `${PROCESSES} processes, ${KEYS} keys, ${verdict.acked} jobs in ${ledgerNow() - startedAt} ms: excess ` +
          `${excess}, out of order ${single.length}, lost ${verdict.lost.length}, failed ` +
          `${verdict.successStoredAsFailed.length}`,
      );
      expect(violations(verdict)).toEqual([]);
      expect(verdict.duplicated).toEqual([]);
      expect(excess).toBe(0);
      expect(single).toEqual([]);
    },
    rowTimeout(60_000, 900_000),
  );

  if (!LONG) return;
  it(
    'cost a part of the throughput without them',
    async () => {
      const row = startRow('throughput with keys', engine);
      const producer = await row.startProducer({ keyed: { isChecked: false } });
      await startWorkers(row, false);
      const ratios: number[] = [];
      const rates: { free: number; held: number }[] = [];
      // The first round warms up.
      for (let round = 0; round < 4; round += 1) {
        const first = await measure(row, producer, round % 2 === 0, round);
        const second = await measure(row, producer, round % 2 !== 0, round);
        const [free, held] = round % 2 === 0 ? [first, second] : [second, first];
        if (round === 0) continue;
        rates.push({ free, held });
        ratios.push(held / free);
      }
      const middle = ratios.toSorted((a, b) => a - b)[1]!;
      row.print(
        `${rates.map(({ free, held }) => `${Math.round(held)}/s with, ${Math.round(free)}/s without`).join('; ')}: ` +
          `median ratio ${middle.toFixed(2)}`,
      );
      expect(middle).toBeGreaterThan(engine.name === 'postgres' ? 0.25 : 0.4);
    },
    rowTimeout(60_000, 1_800_000),
  );
});
