import { setTimeout as pause } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { describeEngines } from '../../../../test/support/engines.js';
import type { CoordinationStore, Engine } from '../contracts/index.js';
import { resolveOptions } from '../options/index.js';
import { createEngine } from './index.js';

describeEngines('coordination store', (fixture) => {
  const names = fixture.isolation();
  const open = async (): Promise<Engine> => {
    const engine = createEngine(resolveOptions({ connection: fixture.connection, ...names }));
    await engine.connect();
    return engine;
  };
  let engine: Engine;
  let store: CoordinationStore;
  let other: Engine;

  beforeAll(async () => {
    engine = await open();
    other = await open();
    store = engine.store;
  });

  afterAll(async () => {
    await engine.close();
    await other.close();
    await fixture.cleanup(names);
  });

  afterEach(() => void vi.restoreAllMocks());

  it('keeps a value until it is replaced or deleted', async () => {
    expect(await store.get('k')).toBeUndefined();
    await store.set('k', 'one');
    await store.set('k', 'two');
    expect(await other.store.get('k')).toBe('two');
    expect(await store.delete('k')).toBe(true);
    expect(await store.delete('k')).toBe(false);
    expect(await store.get('k')).toBeUndefined();
  });

  it('forgets a value when its time is over', async () => {
    await store.set('brief', 'v', 150);
    await store.set('renewed', 'v', 150);
    await store.set('renewed', 'v');
    expect(await store.get('brief')).toBe('v');
    await pause(250);
    expect(await store.get('brief')).toBeUndefined();
    expect(await store.delete('brief')).toBe(false);
    expect(await store.get('renewed')).toBe('v');
    expect([...(await store.entries('brief')).keys()]).toEqual([]);
  });

  it('sets a value only if it is what is expected', async () => {
    expect(await store.compareAndSet('cas', undefined, 'a')).toBe(true);
    expect(await store.compareAndSet('cas', undefined, 'b')).toBe(false);
    expect(await store.compareAndSet('cas', 'x', 'b')).toBe(false);
    expect(await store.compareAndSet('cas', 'a', 'b', 150)).toBe(true);
    expect(await store.delete('cas', 'a')).toBe(false);
    await pause(250);
    expect(await store.compareAndSet('cas', 'b', 'c')).toBe(false);
    expect(await store.compareAndSet('cas', undefined, 'c')).toBe(true);
    expect(await store.delete('cas', 'c')).toBe(true);
  });

  it('lets one of many win a comparison', async () => {
    const wins = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        (i % 2 === 0 ? engine : other).store.compareAndSet('race', undefined, `${i}`),
      ),
    );
    expect(wins.filter(Boolean)).toHaveLength(1);
  });

  it('lists keys by prefix with their values', async () => {
    await store.set('list:a', '1');
    await store.set('list:b', '2', 60_000);
    await store.set('list:\u{1F600}', '3');
    await store.set('lisu', '4');
    await store.set('list', '5');
    expect(Object.fromEntries(await store.entries('list:'))).toEqual({
      'list:a': '1',
      'list:b': '2',
      'list:\u{1F600}': '3',
    });
    await store.delete('list:a');
    expect([...(await store.entries('list:')).keys()]).toHaveLength(2);
    expect((await store.entries('')).has('lisu')).toBe(true);
    expect((await store.entries('nothing:')).size).toBe(0);
  });

  it('hands out as many permits as the limit', async () => {
    const taken = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        (i % 2 === 0 ? engine : other).store.acquirePermit('p', `h${i}`, 3, 60_000),
      ),
    );
    expect(taken.filter(Boolean)).toHaveLength(3);
    const holder = `h${taken.indexOf(true)}`;
    expect(await store.acquirePermit('p', holder, 3, 60_000)).toBe(true);
    expect(await store.releasePermit('p', holder)).toBe(true);
    expect(await store.releasePermit('p', holder)).toBe(false);
    expect(await store.releasePermit('p', 'nobody')).toBe(false);
    expect(await store.acquirePermit('p', 'next', 3, 60_000)).toBe(true);
    expect(await store.acquirePermit('p', 'one more', 3, 60_000)).toBe(false);
  });

  it('frees a permit that is not renewed, and keeps one that is', async () => {
    expect(await store.acquirePermit('q', 'crashed', 2, 200)).toBe(true);
    expect(await store.acquirePermit('q', 'renewing', 2, 200)).toBe(true);
    expect(await store.acquirePermit('q', 'renewing', 2, 60_000)).toBe(true);
    await pause(300);
    expect(await store.releasePermit('q', 'crashed')).toBe(false);
    expect(await store.acquirePermit('q', 'a', 2, 60_000)).toBe(true);
    expect(await store.acquirePermit('q', 'b', 2, 60_000)).toBe(false);
  });

  it('delivers messages to every subscriber of their channel', async () => {
    const heard: string[] = [];
    const stopFirst = await store.subscribe('c', (message) => heard.push(`first ${message}`));
    const stopOther = await other.store.subscribe('c', (message) => heard.push(`other ${message}`));
    await store.subscribe('d', (message) => heard.push(`wrong ${message}`));
    expect(store.connected).toBe(true);
    await store.publish('c', 'hello');
    await expect.poll(() => heard.toSorted()).toEqual(['first hello', 'other hello']);

    await stopFirst();
    const long = JSON.stringify({ text: '\u00e4'.repeat(20_000) });
    await other.store.publish('c', long);
    await expect.poll(() => heard.slice(2)).toEqual([`other ${long}`]);
    await stopOther();
    await store.publish('c', 'nobody listens');
    await pause(100);
    expect(heard).toHaveLength(3);
  });

  it('keeps delivering when a listener throws', async () => {
    // It is logged; the suite's output need not show it.
    vi.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    const heard: string[] = [];
    await store.subscribe('e', () => {
      throw new Error('listener');
    });
    await other.store.subscribe('e', (message) => heard.push(message));
    await other.store.publish('e', 'one');
    await other.store.publish('e', 'two');
    await expect.poll(() => heard).toEqual(['one', 'two']);
  });

  it('takes any text for keys, values and messages', async () => {
    const odd = `'"; DROP TABLE job; -- \\ {} * ? [a] \u{1F600} \u00e4`;
    await store.set(odd, odd);
    expect(await store.get(odd)).toBe(odd);
    expect((await store.entries(odd)).get(odd)).toBe(odd);
    expect(await store.acquirePermit(odd, odd, 1, 1_000)).toBe(true);
    const heard: string[] = [];
    await store.subscribe(odd, (message) => heard.push(message));
    await store.publish(odd, odd);
    await expect.poll(() => heard).toEqual([odd]);
  });

  it("tells the store's time", async () => {
    const first = await store.now();
    expect(Math.abs(first - Date.now())).toBeLessThan(60_000);
    expect(await other.store.now()).toBeGreaterThanOrEqual(first);
  });

  it("measures ages, whatever is done to this machine's clock", async () => {
    const first = await store.steadyNow();
    const shifted = Date.now() + 3_600_000;
    vi.spyOn(Date, 'now').mockReturnValue(shifted);
    const second = await other.store.steadyNow();
    expect(second).toBeGreaterThanOrEqual(first);
    expect(second - first).toBeLessThan(60_000);
  });
});
