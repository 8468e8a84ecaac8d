import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import type { Engine } from '../contracts/index.js';
import { createEngine } from '../engines/index.js';
import { resolveOptions } from '../options/index.js';
import { Records } from './records.js';

interface Count {
  readonly of: string;
  readonly count: number;
}

describeEngines('records', (fixture) => {
  const names = fixture.isolation();
  let engines: readonly Engine[];
  let records: Records<Count>;
  let others: Records<Count>;

  beforeAll(async () => {
    const options = resolveOptions({ connection: fixture.connection, ...names });
    engines = [createEngine(options), createEngine(options)];
    for (const engine of engines) await engine.connect();
    [records, others] = engines.map((engine) => new Records<Count>(engine, 'count:')) as [
      Records<Count>,
      Records<Count>,
    ];
  });

  afterAll(async () => {
    for (const engine of engines) await engine.close();
    await fixture.cleanup(names);
  });

  it('are created once, and replaced and deleted only as they were read', async () => {
    const first = { of: 'a', count: 1 };
    expect(await records.read('a')).toBeUndefined();
    expect(await records.create('a', first)).toBe(true);
    expect(await others.create('a', first)).toBe(false);
    const read = (await others.read('a'))!;
    expect(read.value).toEqual(first);
    const now = (await records.replace('a', read, { of: 'a', count: 2 }))!;
    expect(await others.read('a')).toEqual(now);
    expect(await others.replace('a', read, { of: 'a', count: 3 })).toBeUndefined();
    expect(await others.delete('a', read)).toBe(false);
    expect(await others.delete('a', now)).toBe(true);
    expect(await records.read('a')).toBeUndefined();
  });

  it('lose no change to another that comes at the same time', async () => {
    const count = (by: Records<Count>) =>
      by.change('b', (value) => ({ of: 'b', count: (value?.count ?? 0) + 1 }));
    await Promise.all(Array.from({ length: 20 }, (_, i) => count(i % 2 === 0 ? records : others)));
    expect((await records.read('b'))?.value).toEqual({ of: 'b', count: 20 });
  });

  it('are left alone by the same value, and removed by none', async () => {
    await records.create('c', { of: 'c', count: 1 });
    const known = (await records.read('c'))!;
    await others.change('c', () => ({ of: 'c', count: 5 }));
    const seen: (number | undefined)[] = [];
    await records.change('c', (value) => value, { known });
    await records.change(
      'c',
      (value) => {
        seen.push(value?.count);
        return undefined;
      },
      { known },
    );
    expect(seen).toEqual([1, 5]);
    expect(await records.read('c')).toBeUndefined();
    expect(await records.change('c', () => undefined)).toBeUndefined();
  });

  it('give up when others are faster each time', async () => {
    const busy = records.change('d', async () => {
      await others.change('d', (value) => ({ of: 'd', count: (value?.count ?? 0) + 1 }));
      return { of: 'd', count: 0 };
    });
    await expect(busy).rejects.toThrow('"count:d" was changed by others 100 times in a row');
  });
});
