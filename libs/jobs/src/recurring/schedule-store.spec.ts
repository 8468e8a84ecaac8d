import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../contracts/index.js';
import { Repair } from '../execution/repair.js';
import type { Repairs } from '../execution/index.js';
import { resolveOptions } from '../options/index.js';
import { StoreCalls } from '../enqueueing/index.js';
import { ScheduleStore } from './schedule-store.js';

const whole = (parts: object) => JSON.stringify({ ...parts, call: {}, progress: {} });

describe('the stored recurring jobs', () => {
  const stored = new Map<string, string>();
  const error = vi.fn<(message: string) => void>();
  let store: ScheduleStore;

  beforeEach(() => {
    stored.clear();
    stored.set('recurring:fine', whole({ id: 'fine', timing: {} }));
    error.mockReset();
    const engine = { store: { entries: async () => stored } } as unknown as Engine;
    const calls = new StoreCalls(engine, resolveOptions({ connection: 'redis://localhost' }));
    const onFault = (of: string, item: string, fault: Error) =>
      error(`${of}: ${item}: ${fault.message}`);
    const listener = { onFault, onOutage: () => undefined, isOutage: () => false };
    const repairs = { of: (name: string) => new Repair(name, listener) } as unknown as Repairs;
    store = new ScheduleStore(calls, repairs, engine);
  });

  it('are read without one that is damaged, which is told of once', async () => {
    stored.set('recurring:bad', '{"id":');
    for (const _ of [1, 2]) expect([...(await store.all()).keys()]).toEqual(['fine']);
    expect(error).toHaveBeenCalledOnce();
    expect(error.mock.calls[0]![0]).toMatch(
      /stored recurring jobs: bad: .*"recurring:bad" is damaged: .*JSON/,
    );
    stored.set('recurring:bad', '{"id');
    await store.all();
    expect(error).toHaveBeenCalledTimes(2);
    expect(store.isUnreadable('bad')).toBe(true);
    stored.set('recurring:bad', whole({ id: 'bad', timing: {} }));
    expect([...(await store.all()).keys()]).toEqual(['fine', 'bad']);
    expect(store.isUnreadable('bad')).toBe(false);
  });

  it.each(['{}', 'null', '5', '{"timing":{}}', '{"v":99}'])(
    'are read without one that is %s',
    async (text) => {
      stored.set('recurring:bad', text);
      expect([...(await store.all()).keys()]).toEqual(['fine']);
      expect(error).toHaveBeenCalledOnce();
    },
  );

  it('keep the reading of a time when the dialect was not stored with them', async () => {
    const timings = [
      { cron: '0 0 9 * * 1-5', timeZone: 'Asia/Kolkata', misfire: 'skip' },
      { cron: '0 9 * * 1-5' },
      { cron: '@weekly' },
      { cron: '0 0 9 * * 1-5', dialect: 'unix' },
      { everyMs: 5 },
    ];
    for (const [id, timing] of timings.entries()) {
      stored.set(`recurring:${id}`, whole({ id, timing }));
    }
    const all = await store.all();
    // In the order of properties that a new one has: the two are compared as text.
    expect(timings.map((_, id) => JSON.stringify(all.get(`${id}`)!.schedule.timing))).toEqual([
      '{"cron":"0 0 9 * * 1-5","timeZone":"Asia/Kolkata","dialect":"quartz","misfire":"skip"}',
      '{"cron":"0 9 * * 1-5","dialect":"unix"}',
      '{"cron":"@weekly","dialect":"unix"}',
      '{"cron":"0 0 9 * * 1-5","dialect":"unix"}',
      '{"everyMs":5}',
    ]);
    expect(all.get('1')!.text).toBe(stored.get('recurring:1'));
  });
});
