import type { IRelayBackend } from 'bullmq';
import { expect } from 'vitest';
import { describeRelays, Received } from '../../support/relays.js';

const PASSING = { ts: 1, retainMs: 0, maxSize: 1_000 };
const AT_ONCE = { blockMs: 0, count: 100 };
const LONG_MS = 60_000;
const SHORT_MS = 30;

/**
 * Waits until the lease of a node is over. Another node must live, for Redis keeps no list of dead
 * ones alone.
 */
async function expiry(backend: IRelayBackend, nodeId: string): Promise<void> {
  const heartbeats = async () => {
    const nodes = await backend.getNodes(0, -1);
    return nodes.filter(({ id, lastHeartbeat }) => id === nodeId && lastHeartbeat !== undefined);
  };
  await expect.poll(heartbeats, { interval: 5 }).toEqual([]);
}

describeRelays('nodes of a relay', ({ it }) => {
  it('renews the lease of a node that lives, and of no other', async (fleet) => {
    const backend = await fleet.node('keeper');
    await backend.registerNode('n', LONG_MS);
    const [, before] = await backend.getNodes(0, -1);
    expect(await backend.heartbeat('n', 2 * LONG_MS)).toBe(true);
    const [, after] = await backend.getNodes(0, -1);
    expect(after!.leaseUntil).toBeGreaterThan(before!.leaseUntil);
    expect(after!.lastHeartbeat).toBeGreaterThanOrEqual(before!.lastHeartbeat!);

    expect(await backend.heartbeat('nobody', LONG_MS)).toBe(false);
    expect(await backend.heartbeat('n', SHORT_MS)).toBe(true);
    await expiry(backend, 'n');
    expect(await backend.heartbeat('n', LONG_MS)).toBe(false);
    expect(await backend.getCounts()).toMatchObject({ nodes: 2 });
  });

  it('routes nothing to a node whose lease is over, and lists it until it is swept', async (fleet) => {
    const backend = await fleet.node('keeper');
    await backend.registerNode('n', SHORT_MS, { name: 'short' });
    await backend.subscribe('n', 'e', 'a');
    await backend.publish('a', '1', PASSING);
    await expiry(backend, 'n');

    expect(await backend.publish('a', '2', PASSING)).toMatchObject({ nodes: 0, endpoints: 0 });
    const { entries } = await backend.readInbox('n', backend.initialInboxCursor, AT_ONCE);
    expect(entries).toEqual([]);
    await expect(backend.subscribe('n', 'e', 'b')).rejects.toThrow('not registered');
    expect(await backend.getNodes(0, -1)).toMatchObject([
      { id: 'keeper', info: { name: 'keeper' } },
      { id: 'n', info: {}, backlog: 0, dropped: 0, subscriptions: 1 },
    ]);

    expect(await backend.sweep(0)).toEqual([]);
    expect(await backend.sweep(10)).toEqual(['n']);
    expect(await backend.sweep(10)).toEqual([]);
    expect(await backend.getCounts()).toEqual({
      nodes: 1,
      subscriptions: 0,
      patterns: 0,
      retained: 0,
    });
  });

  it('sweeps as many nodes as it may, the longest dead first', async (fleet) => {
    const backend = await fleet.node('keeper');
    for (const node of ['c', 'a', 'b']) {
      await backend.registerNode(node, SHORT_MS);
      await expiry(backend, node);
    }
    expect(await backend.sweep(2)).toEqual(['c', 'a']);
    expect(await backend.sweep(2)).toEqual(['b']);
  });

  it('starts anew with a node that comes back too late', async (fleet) => {
    const backend = await fleet.node('keeper');
    await backend.registerNode('n', SHORT_MS);
    await backend.subscribe('n', 'e', 'a');
    await backend.publish('a', '1', PASSING);
    await expiry(backend, 'n');
    await backend.registerNode('n', LONG_MS, { name: 'again' });

    expect(await backend.publish('a', '2', PASSING)).toMatchObject({ nodes: 0 });
    const { entries } = await backend.readInbox('n', backend.initialInboxCursor, AT_ONCE);
    expect(entries).toEqual([]);
    expect(await backend.getNodes(1, 1)).toMatchObject([
      { id: 'n', info: { name: 'again' }, subscriptions: 0 },
    ]);
  });

  it('keeps subscriptions and messages of a node that registers again in time', async (fleet) => {
    const backend = await fleet.node('n');
    await backend.subscribe('n', 'e', 'a');
    await backend.publish('a', '1', PASSING);
    const [before] = await backend.getNodes(0, -1);
    await backend.registerNode('n', LONG_MS, { name: 'changed', pid: 7 });

    const [after] = await backend.getNodes(0, -1);
    expect(after).toMatchObject({
      registeredAt: before!.registeredAt,
      info: { name: 'changed', pid: 7 },
      subscriptions: 1,
    });
    const { entries } = await backend.readInbox('n', backend.initialInboxCursor, AT_ONCE);
    expect(entries).toMatchObject([{ data: '1', endpoints: ['e'] }]);
  });

  it('removes a node with all that it has', async (fleet) => {
    const backend = await fleet.node('keeper');
    await backend.registerNode('n', LONG_MS);
    for (let topic = 0; topic < 90; topic += 1) await backend.subscribe('n', 'e', `a.${topic}`);
    await backend.publish('a.1', '1', PASSING);

    expect(await backend.unregisterNode('n')).toBe(true);
    expect(await backend.unregisterNode('n')).toBe(false);
    expect(await backend.getSubscriptions(undefined, 0, -1)).toEqual([]);
    expect(await backend.getCounts()).toMatchObject({ nodes: 1, subscriptions: 0, patterns: 0 });
    await expect(backend.subscribe('n', 'e', 'a')).rejects.toThrow('not registered');
    await backend.registerNode('n', LONG_MS);
    const { entries } = await backend.readInbox('n', backend.initialInboxCursor, AT_ONCE);
    expect(entries).toEqual([]);
  });

  it('restores the subscriptions of a relay that was taken for dead', async (fleet) => {
    const sweeper = await fleet.node('sweeper');
    const relay = await fleet.relay({ nodeId: 'slow', heartbeatInterval: 40 });
    const [recovered, messages] = [new Received<void>(), new Received<unknown>()];
    relay.on('recovered', () => recovered.add());
    await relay.subscribe('a.*', messages.add);
    await relay.subscribe('b', messages.add);
    const before = await sweeper.getSubscriptions({ nodeId: 'slow' }, 0, -1);

    await sweeper.unregisterNode('slow');
    await recovered.count(1);
    expect(await sweeper.getSubscriptions({ nodeId: 'slow' }, 0, -1)).toEqual(before);
    expect(await sweeper.publish('a.b', '1', PASSING)).toMatchObject({ nodes: 1 });
    await messages.count(1);
  });

  it('tells which nodes a relay swept', async (fleet) => {
    const relay = await fleet.relay({ sweepInterval: 20 });
    const swept = new Received<string[]>();
    relay.on('swept', swept.add);
    await fleet.node('dead', SHORT_MS);
    expect(await swept.count(1)).toEqual([['dead']]);
  });
});
