import type { IRelayBackend } from 'bullmq';
import { expect } from 'vitest';
import { describeRelays, Received } from '../../support/relays.js';

const PASSING = { ts: 1, retainMs: 0, maxSize: 1_000 };

async function publish(backend: IRelayBackend, ...data: number[]): Promise<void> {
  for (const item of data) await backend.publish('a', String(item), PASSING);
}

async function read(backend: IRelayBackend, cursor: string, count = 100) {
  const batch = await backend.readInbox('n', cursor, { blockMs: 0, count });
  return { data: batch.entries.map(({ data }) => Number(data)), cursor: batch.cursor };
}

/**
 * Reads as a relay does, again and again: a wake-up that comes during the look ends a read with
 * nothing.
 */
async function readUntilSomething(backend: IRelayBackend, blockMs: number) {
  const deadline = performance.now() + blockMs;
  for (;;) {
    const batch = await backend.readInbox('n', backend.initialInboxCursor, { blockMs, count: 10 });
    if (batch.entries.length > 0 || performance.now() > deadline) return batch;
  }
}

async function dropped(backend: IRelayBackend): Promise<[backlog: number, dropped: number]> {
  const [node] = await backend.getNodes(0, -1);
  return [node!.backlog, node!.dropped];
}

describeRelays('inboxes of a relay', ({ it, name }) => {
  it('hands out messages in portions', async (fleet) => {
    const backend = await fleet.node('n');
    await backend.subscribe('n', 'e', 'a');
    await publish(backend, 1, 2, 3, 4, 5);
    const first = await read(backend, backend.initialInboxCursor, 2);
    expect(first.data).toEqual([1, 2]);
    const second = await read(backend, first.cursor, 2);
    expect(second.data).toEqual([3, 4]);
    const third = await read(backend, second.cursor, 2);
    expect(third.data).toEqual([5]);
    expect((await read(backend, third.cursor)).data).toEqual([]);
    await publish(backend, 6);
    expect((await read(backend, third.cursor)).data).toEqual([6]);
  });

  it('hands out again what was not acknowledged by the next read', async (fleet) => {
    const backend = await fleet.node('n');
    await backend.subscribe('n', 'e', 'a');
    await publish(backend, 1, 2);
    expect((await read(backend, backend.initialInboxCursor)).data).toEqual([1, 2]);
    const again = await read(backend, backend.initialInboxCursor);
    expect(again.data).toEqual([1, 2]);
    expect(await backend.trimInbox('n', again.cursor, 100)).toBe(0);
    expect((await read(backend, backend.initialInboxCursor)).data).toEqual([]);
  });

  it('removes what was read, and says how much is left', async (fleet) => {
    const backend = await fleet.node('n');
    await backend.subscribe('n', 'e', 'a');
    await publish(backend, 1, 2, 3, 4, 5);
    const { cursor } = await read(backend, backend.initialInboxCursor, 2);
    expect(await backend.trimInbox('n', backend.initialInboxCursor, 100)).toBe(5);
    expect(await backend.trimInbox('n', cursor, 100)).toBe(3);
    expect(await dropped(backend)).toEqual([3, 0]);
    expect((await read(backend, cursor)).data).toEqual([3, 4, 5]);
    expect(await backend.trimInbox('nobody', cursor, 100)).toBe(0);
  });

  it('drops the oldest beyond the length that a trim allows, and counts the unread ones', async (fleet) => {
    const backend = await fleet.node('n');
    await backend.subscribe('n', 'e', 'a');
    await publish(backend, 1, 2, 3, 4, 5);
    expect(await backend.trimInbox('n', backend.initialInboxCursor, 3)).toBe(3);
    expect(await dropped(backend)).toEqual([3, 2]);
    // 3 and 4 are on their way to a listener: removing them loses nothing.
    const { data } = await read(backend, backend.initialInboxCursor, 2);
    expect(data).toEqual([3, 4]);
    await publish(backend, 6, 7);
    expect(await backend.trimInbox('n', backend.initialInboxCursor, 2)).toBe(2);
    expect(await dropped(backend)).toEqual([2, 3]);
    expect((await read(backend, backend.initialInboxCursor)).data).toEqual([6, 7]);
  });

  // BullMQ's PostgreSQL bounds an inbox when it is trimmed, and not before.
  if (name !== 'postgres') {
    it('drops the oldest when a message finds the inbox full', async (fleet) => {
      const backend = await fleet.node('n', 60_000, 3);
      await backend.subscribe('n', 'e', 'a');
      await publish(backend, 1, 2, 3, 4, 5);
      expect(await dropped(backend)).toEqual([0, 2]);
      const first = await read(backend, backend.initialInboxCursor, 2);
      expect(first.data).toEqual([3, 4]);
      await publish(backend, 6, 7, 8);
      expect(await dropped(backend)).toEqual([0, 3]);
      const second = await read(backend, first.cursor);
      expect(second.data).toEqual([6, 7, 8]);
      expect(await backend.trimInbox('n', second.cursor, 3)).toBe(0);
      await publish(backend, 9, 10, 11);
      expect(await dropped(backend)).toEqual([0, 3]);
    });

    it('takes a smaller length from the next message on', async (fleet) => {
      const backend = await fleet.node('n', 60_000, 10);
      await backend.subscribe('n', 'e', 'a');
      await publish(backend, 1, 2, 3, 4, 5, 6);
      await backend.registerNode('n', 60_000, {}, 2);
      await publish(backend, 7);
      expect(await dropped(backend)).toEqual([0, 5]);
      expect((await read(backend, backend.initialInboxCursor)).data).toEqual([6, 7]);
      await backend.registerNode('n', 60_000, {}, 1);
      await publish(backend, 8);
      expect((await read(backend, backend.initialInboxCursor)).data).toEqual([8]);
    });
  }

  it('tells a relay that it lags', async (fleet) => {
    const relay = await fleet.relay({ lagThreshold: 1 });
    const publisher = fleet.backend();
    await publisher.waitUntilReady();
    const lags = new Received<number>();
    relay.on('lag', lags.add);
    await relay.subscribe('a', () => undefined);
    // While it deals with some, others come.
    while (lags.items.length === 0) {
      await Promise.all(Array.from({ length: 150 }, () => publish(publisher, 1)));
    }
    expect(lags.items[0]).toBeGreaterThanOrEqual(1);
  });

  it('wakes a waiting reader at once, and another one not', async (fleet) => {
    const backend = await fleet.node('n');
    const other = await fleet.node('other');
    await backend.subscribe('n', 'e', 'a');
    await other.subscribe('other', 'e', 'b');
    const reads = [
      readUntilSomething(backend, 10_000),
      other.readInbox('other', other.initialInboxCursor, { blockMs: 300, count: 10 }),
    ];
    const started = performance.now();
    await publish(other, 1);
    const [woken, unwoken] = await Promise.all(reads);
    expect(woken!.entries).toMatchObject([{ data: '1' }]);
    expect(unwoken).toEqual({ entries: [], cursor: other.initialInboxCursor });
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});
