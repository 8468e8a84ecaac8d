import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEngine, engineFixtures } from '../../../../test/support/engines.js';
import { storedRows } from '../../../../test/support/stored-rows.js';
import type { Engine } from '../contracts/index.js';
import { resolveOptions } from '../options/index.js';
import { createEngine } from './index.js';

/** More than one portion. */
const MANY = 1_203;

/** All rows of a file are looked at, so this one is nobody else's. */
for (const own of engineFixtures())
  describeEngine(own, 'what has expired', (fixture) => {
    const names = fixture.isolation();
    let engine: Engine;

    beforeAll(async () => {
      engine = createEngine(resolveOptions({ connection: fixture.connection, ...names }));
      await engine.connect();
    });

    afterAll(async () => {
      await engine.close();
      await fixture.cleanup(names);
    });

    it('takes no space once it was swept', async () => {
      const { store, starts } = engine;
      const ids = Array.from({ length: MANY }, (_, i) => `id-${i}`);
      await Promise.all(ids.map((id) => store.set(`value:${id}`, 'x', 1)));
      await store.set('kept', 'x', 600_000);
      await store.set('value:last', 'x', 50);
      await store.acquirePermit('permit', 'a', 1, 1);
      await starts.start(ids.map((id) => ({ key: id, job: id, max: 1, perMs: 1 })));
      await expect.poll(() => store.get('value:last')).toBeUndefined();
      const sweep = async (): Promise<void> => {
        for (const rows of engine.expiring) while (await rows.free());
      };
      await sweep();
      expect(await store.get('kept')).toBe('x');
      await store.delete('kept');
      // A counter stays: it must never count anew.
      const isCounter = (row: string) => /starts:last$|^relay_counter/.test(row);
      const left = async (): Promise<readonly string[]> => {
        await sweep();
        const rows = await storedRows(fixture, names);
        return rows.map(({ text }) => text).filter((text) => !isCounter(text));
      };
      await expect.poll(left, { timeout: 5_000 }).toEqual([]);
    });
  });
