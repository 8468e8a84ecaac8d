import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from '../contracts/index.js';
import type { JobLogger } from '../logging/index.js';
import { resolveOptions } from '../options/index.js';
import { StoreCalls } from '../scheduling/index.js';
import { ScheduleStore } from './schedule-store.js';

describe('the stored recurring jobs', () => {
  const stored = new Map<string, string>();
  const error = vi.fn<(message: string) => void>();
  let store: ScheduleStore;

  beforeEach(() => {
    stored.clear();
    stored.set('recurring:fine', '{"id":"fine"}');
    error.mockReset();
    const engine = { store: { entries: async () => stored } } as unknown as Engine;
    const calls = new StoreCalls(engine, resolveOptions({ connection: 'redis://localhost' }));
    store = new ScheduleStore(calls, { error } as unknown as JobLogger, engine);
  });

  it('are read without one that is damaged, which is told of once', async () => {
    stored.set('recurring:bad', '{"id":');
    for (const _ of [1, 2]) expect([...(await store.all()).keys()]).toEqual(['fine']);
    expect(error).toHaveBeenCalledOnce();
    expect(error.mock.calls[0]![0]).toMatch(/"bad" cannot be run by this process: .*JSON/);
    stored.set('recurring:bad', '{"id');
    await store.all();
    expect(error).toHaveBeenCalledTimes(2);
    stored.set('recurring:bad', '{"id":"bad"}');
    expect([...(await store.all()).keys()]).toEqual(['fine', 'bad']);
  });
});
