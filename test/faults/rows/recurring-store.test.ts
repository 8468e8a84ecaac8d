import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { RecurringConfig } from '../harness/protocol.js';
import { rowTimeout, startOwnStoreRow } from '../harness/row.js';
import { describeOwnStores } from '../harness/row-engines.js';
import { account, BOOT_MS, hasRunAll } from './tick-account.js';

describeOwnStores('recurring jobs of a store that was down', (engine) => {
  it(
    'have the ticks that it missed treated by their policy, and go on',
    async () => {
      const { row, store } = await startOwnStoreRow('recurring jobs, store down', engine);
      // First, so that programs are built and tables made when the time of the ticks begins.
      const observer = await row.startProducer();
      const endAt = Math.ceil((Date.now() + BOOT_MS) / 1_000) * 1_000 + 12_000;
      const settings = {
        recurrence: { every: 200 },
        misfireThreshold: 500,
        overlap: 'allow',
        endAt,
      } as const;
      const recurring: RecurringConfig[] = (['fire-once', 'skip', 'fire-all'] as const).map(
        (misfire) => ({ id: misfire, misfire, ...settings }),
      );
      await Promise.all([row.start({ recurring }), row.start({ recurring })]);
      await row.until('there are ticks', () => row.startedCount() >= 15, 30_000);
      await row.fault('store', async () => {
        await store.crash();
        await delay(3_000);
        await store.restart();
      });
      await row.until(
        'all recurring jobs have ended',
        async () => {
          const all = await observer.call('recurring', undefined).catch(() => []);
          return (
            all.length === 3 &&
            all.every((each) => each.state === 'ended' && hasRunAll(row, each, endAt, 200))
          );
        },
        60_000,
      );
      const stored = await observer.call('recurring', undefined);
      const verdicts = new Map(
        stored.map((one) => [one.id, { ...one, ...account(row, [one], endAt, 200) }]),
      );
      const [once, skip, all] = ['fire-once', 'skip', 'fire-all'].map((id) => verdicts.get(id)!);
      row.print(
        `misfires ${stored.map(({ id, misfires, runs }) => `${id} ${misfires} (${runs} runs)`).join(', ')}; ` +
          `enqueued twice ${sum([...verdicts.values()].map(({ twice }) => twice))}, ` +
          `uncounted ${sum([...verdicts.values()].map(({ uncounted }) => uncounted))}`,
      );
      for (const { misfires, twice, uncounted } of verdicts.values()) {
        expect(misfires).toBeGreaterThan(5);
        expect(twice).toBe(0);
        expect(uncounted).toBeLessThanOrEqual(1);
      }
      expect(all).toMatchObject({ missed: 0 });
      expect(skip!.missed + skip!.uncounted).toBe(skip!.misfires);
      expect(once!.missed + once!.uncounted).toBe(once!.misfires - 1);
    },
    rowTimeout(90_000, 90_000),
  );
});

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
