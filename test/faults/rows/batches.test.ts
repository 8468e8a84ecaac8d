import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type EngineFixture } from '../../support/engines.js';
import { rowTimeout, startRow } from '../harness/row.js';
import { LONG } from '../harness/seeds.js';
import { describeRow } from '../harness/row-engines.js';

const JOBS = 1_000;
const KILLS = LONG ? 40 : 3;

/** Each between two things that the hub of a batch does when its last job has ended. */
const STEPS = ['hub claimed', 'batch continued'];

describeRow('kill -9 around a batch', (engine) => {
  it(
    'stores all of its jobs or none',
    async () => {
      const row = startRow('kill -9 in batch()', engine);
      const observer = await row.startProducer();
      const batch = { count: JOBS, behaviour: { does: 'work', ms: 0 } } as const;
      await observer.call('batch', { label: 'first', ...batch });
      const from = performance.now();
      await observer.call('batch', { label: 'second', ...batch });
      const duration = performance.now() - from;

      for (let kill = 0; kill < KILLS; kill += 1) {
        const producer = await row.startProducer();
        producer.call('batch', { label: `killed-${kill}`, ...batch }).catch(() => undefined);
        await delay(row.random.int(Math.round(duration * 0.5), Math.round(duration * 2.5)));
        await row.kill(producer);
      }
      const stored = (await countAtRest(() => observer.call('waiting', undefined))) / JOBS;
      row.ledger.refresh();
      row.print(
        `${KILLS} kills in the ${Math.round(duration)} ms that ${JOBS} jobs take: ` +
          `${stored - 2} times all of them were stored, else none`,
      );
      expect(Number.isInteger(stored)).toBe(true);
      expect(stored).toBeGreaterThanOrEqual(row.ledger.of('acked').length);
    },
    rowTimeout(60_000, 300_000),
  );

  it(
    'continues when all jobs have ended, whatever dies at their end',
    async () => {
      const ends = await Promise.all(STEPS.map((step) => endAfterDeathAt(step, engine)));
      for (const { told, lastEnd } of ends) {
        expect(told).toMatchObject({ state: 'completed', completed: 5 });
        expect(told.at).toBeGreaterThanOrEqual(lastEnd);
      }
    },
    rowTimeout(60_000, 120_000),
  );
});

async function endAfterDeathAt(step: string, engine: EngineFixture) {
  const row = startRow(`kill -9 of a batch at "${step}"`, engine);
  const options = { lock: { duration: '1s', sweep: 200 } } as const;
  const victim = await row.start({ options, diesAtHubStep: step });
  victim.mayDie = true;
  const batch = { label: 'batch', count: 5, behaviour: { does: 'work', ms: 20 } } as const;
  // It may die before it can answer.
  victim.call('batch', batch).catch(() => undefined);
  await victim.exited;
  await row.start({ options });
  const from = performance.now();
  const ended = () => row.ledger.of('batch-ended');
  await row.until('the batch continues', () => ended().length > 0, 20_000);
  row.print(`continued ${Math.round(performance.now() - from)} ms after a restart`);
  const lastEnd = Math.max(...row.ledger.of('ended').map(({ at }) => at));
  return { told: ended()[0]!, lastEnd };
}

/**
 * A count that does not change any more: a server may be at work still for a process that is gone.
 */
async function countAtRest(count: () => Promise<number>): Promise<number> {
  for (let before = -1; ; await delay(200)) {
    const now = await count();
    if (now === before) return now;
    before = now;
  }
}
