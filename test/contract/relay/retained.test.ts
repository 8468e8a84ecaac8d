import type { RelayMessage } from 'bullmq';
import { expect } from 'vitest';
import { describeRelays, Received } from '../../support/relays.js';

const LONG_MS = 60_000;
const keep = (retainMs: number, ts = 1) => ({ ts, retainMs, maxSize: 1_000 });

describeRelays('retained messages of a relay', ({ it }) => {
  it('delivers the last one to who subscribes to its topic later', async (fleet) => {
    const relay = await fleet.relay();
    await relay.publish('state', 'old', { retain: LONG_MS });
    const { mid } = await relay.publish('state', 'new', { retain: LONG_MS });
    await relay.publish('state', 'passing');

    const received = new Received<RelayMessage>();
    await relay.subscribe('state', received.add);
    await relay.publish('state', 'live');
    expect(await received.count(2)).toMatchObject([
      { topic: 'state', data: 'new', retained: true, mid },
      { topic: 'state', data: 'live', retained: false },
    ]);
  });

  it('delivers none to a pattern with wildcards', async (fleet) => {
    const backend = await fleet.node('n');
    const { mid } = await backend.publish('a.b', '7', keep(LONG_MS, 5));
    expect(await backend.subscribe('n', 'e', 'a.b')).toEqual({
      added: true,
      retained: { mid, ts: 5, data: '7' },
    });
    expect(await backend.subscribe('n', 'e', 'a.b')).toMatchObject({
      added: false,
      retained: { mid },
    });
    expect(await backend.subscribe('n', 'e', 'a.*')).toEqual({ added: true });
    expect(await backend.subscribe('n', 'e', '>')).toEqual({ added: true });
    expect(await backend.subscribe('n', 'e', 'a')).toEqual({ added: true });
  });

  it('lets them expire', async (fleet) => {
    const backend = await fleet.node('n');
    await backend.publish('short', '1', keep(30));
    await backend.publish('long', '2', keep(LONG_MS));
    await expect.poll(() => backend.getRetained(0, -1)).toMatchObject([{ topic: 'long' }]);
    expect(await backend.getCounts()).toMatchObject({ retained: 1 });
    expect(await backend.subscribe('n', 'e', 'short')).toEqual({ added: true });
    expect(await backend.deleteRetained('short')).toBe(false);
    await backend.sweep(10);
    expect(await backend.subscribe('n', 'e', 'long')).toMatchObject({ retained: { data: '2' } });
  });

  it('deletes one, once', async (fleet) => {
    const relay = await fleet.relay();
    await relay.publish('a', 1, { retain: LONG_MS });
    await relay.publish('b', 1, { retain: LONG_MS });
    expect(await relay.deleteRetained('a')).toBe(true);
    expect(await relay.deleteRetained('a')).toBe(false);
    expect(await relay.getRetained()).toMatchObject([{ topic: 'b' }]);
  });

  it('keeps them when no node is left', async (fleet) => {
    const first = await fleet.relay();
    await first.publish('a', { kept: true }, { retain: LONG_MS });
    await first.close();
    const received = new Received<RelayMessage>();
    const second = await fleet.relay();
    await second.subscribe('a', received.add);
    expect(await received.count(1)).toMatchObject([{ data: { kept: true }, retained: true }]);
  });

  it('keeps one for as long as a number can say', async (fleet) => {
    const backend = await fleet.node('n');
    await backend.publish('a', '1', keep(Number.MAX_SAFE_INTEGER - Date.now() - 1_000));
    expect(await backend.getRetained(0, -1)).toMatchObject([{ topic: 'a' }]);
    expect(await backend.subscribe('n', 'e', 'a')).toMatchObject({ retained: { data: '1' } });
  });
});
