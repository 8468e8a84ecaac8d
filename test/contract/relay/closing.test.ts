import { expect } from 'vitest';
import { describeRelays } from '../../support/relays.js';

const FOREVER = { blockMs: 60_000, count: 10 };
const PROMPT_MS = 1_000;

async function duration(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

describeRelays('closing a relay', ({ it, name }) => {
  it('ends a read that waits, and waits no more', async (fleet) => {
    const backend = await fleet.node('n');
    const read = backend.readInbox('n', backend.initialInboxCursor, FOREVER).catch(() => undefined);
    await expect.poll(() => backend.getNodeConnections('n')).toHaveLength(1);
    const ended = duration(() => read);
    backend.interruptInbox();
    expect(await ended).toBeLessThan(PROMPT_MS);
    const next = () => backend.readInbox('n', backend.initialInboxCursor, FOREVER);
    expect(await duration(next)).toBeLessThan(PROMPT_MS);
  });

  it('ends a read that is just starting', async (fleet) => {
    const backend = await fleet.node('n');
    const read = backend.readInbox('n', backend.initialInboxCursor, FOREVER).catch(() => undefined);
    backend.interruptInbox();
    expect(await duration(() => read)).toBeLessThan(PROMPT_MS);
  });

  it('takes the node along, at once', async (fleet) => {
    const relay = await fleet.relay({ nodeId: 'n', blockTimeout: 60_000 });
    await relay.subscribe('a', () => undefined);
    const watcher = await fleet.node('watcher');
    expect(await duration(() => relay.close())).toBeLessThan(PROMPT_MS);
    expect((await watcher.getNodes(0, -1)).map(({ id }) => id)).toEqual(['watcher']);
    expect(await watcher.getSubscriptions(undefined, 0, -1)).toEqual([]);
    await expect(relay.publish('a', 1)).rejects.toThrow('Relay is closed');
  });

  it('closes a relay that is still connecting', async (fleet) => {
    const relay = fleet.startRelay({ nodeId: 'n' });
    expect(await duration(() => relay.close())).toBeLessThan(PROMPT_MS);
    const watcher = await fleet.node('watcher');
    expect((await watcher.getNodes(0, -1)).map(({ id }) => id)).toEqual(['watcher']);
  });

  if (name.startsWith('sqlite')) {
    it('refuses what is called afterwards', async (fleet) => {
      const backend = await fleet.node('n');
      await backend.close();
      await expect(backend.heartbeat('n', 1_000)).rejects.toThrow('Connection is closed.');
      await expect(backend.getCounts()).rejects.toThrow('Connection is closed.');
      expect(await backend.readInbox('n', backend.initialInboxCursor, FOREVER)).toEqual({
        entries: [],
        cursor: backend.initialInboxCursor,
      });
    });
  }
});
