import type { RelayMessage } from 'bullmq';
import { expect } from 'vitest';
import { describeRelays, Received } from '../../support/relays.js';

const PASSING = { ts: 1_700_000_000_123, retainMs: 0, maxSize: 1_000_000 };
const AT_ONCE = { blockMs: 0, count: 100 };

/** Patterns, and the topics of these that they stand for. */
const TOPICS = ['a', 'b', 'a.b', 'a.c', 'b.a', 'a.b.c', 'a.x.c', 'aa.b', 'A.b'];
const MATCHES: Readonly<Record<string, string[]>> = {
  a: ['a'],
  'a.b': ['a.b'],
  'a.*': ['a.b', 'a.c'],
  '*': ['a', 'b'],
  '*.b': ['a.b', 'aa.b', 'A.b'],
  'a.*.c': ['a.b.c', 'a.x.c'],
  'a.>': ['a.b', 'a.c', 'a.b.c', 'a.x.c'],
  '*.*': ['a.b', 'a.c', 'b.a', 'aa.b', 'A.b'],
  '*.>': ['a.b', 'a.c', 'b.a', 'a.b.c', 'a.x.c', 'aa.b', 'A.b'],
  '>': TOPICS,
  'c.>': [],
};

describeRelays('delivery by a relay', ({ it }) => {
  it('delivers each topic to the patterns that stand for it', async (fleet) => {
    const backend = await fleet.node('n');
    const endpoints = Object.keys(MATCHES);
    for (const [index, pattern] of endpoints.entries()) {
      await backend.subscribe('n', `e${index}`, pattern);
    }
    for (const topic of TOPICS) await backend.publish(topic, '1', PASSING);

    const { entries } = await backend.readInbox('n', backend.initialInboxCursor, AT_ONCE);
    const delivered = endpoints.map((pattern, index) => {
      const ours = entries.filter((entry) => entry.endpoints.includes(`e${index}`));
      return [pattern, ours.map(({ topic }) => topic)];
    });
    expect(Object.fromEntries(delivered)).toEqual(MATCHES);
  });

  it('tells an endpoint once, whatever number of its patterns match', async (fleet) => {
    const backend = await fleet.node('n');
    for (const pattern of ['a.b', 'a.*', '>']) await backend.subscribe('n', 'e', pattern);
    await backend.subscribe('n', 'f', '*.b');

    const { mid, ...counts } = await backend.publish('a.b', '"x"', PASSING);
    expect(counts).toEqual({ nodes: 1, endpoints: 2 });
    const { entries } = await backend.readInbox('n', backend.initialInboxCursor, AT_ONCE);
    expect(entries).toEqual([
      {
        kind: 'msg',
        topic: 'a.b',
        mid,
        ts: PASSING.ts,
        data: '"x"',
        endpoints: ['e', 'f'],
      },
    ]);
  });

  it('counts the live nodes and the endpoints that get a message', async (fleet) => {
    const backend = await fleet.node('n1');
    await backend.registerNode('n2', 60_000);
    await backend.subscribe('n1', 'e1', 'a.*');
    await backend.subscribe('n1', 'e2', 'a.b');
    await backend.subscribe('n2', 'e3', '>');

    const counts = async (topic: string) => {
      const { nodes, endpoints } = await backend.publish(topic, '1', PASSING);
      return [nodes, endpoints];
    };
    expect(await counts('a.b')).toEqual([2, 3]);
    expect(await counts('a.c')).toEqual([2, 2]);
    expect(await counts('x')).toEqual([1, 1]);
    expect(await backend.removeEndpoint('n2', 'e3')).toBe(1);
    expect(await counts('x')).toEqual([0, 0]);
    expect(await backend.removeEndpoint('n2', 'e3')).toBe(0);
    expect(await backend.removeEndpoint('nobody', 'e')).toBe(0);
    await backend.unregisterNode('n1');
    expect(await counts('a.b')).toEqual([0, 0]);
  });

  it('numbers messages upwards', async (fleet) => {
    const backend = await fleet.node('n');
    const mids: bigint[] = [];
    for (let count = 0; count < 20; count += 1) {
      mids.push(BigInt((await backend.publish('a', '1', PASSING)).mid));
    }
    expect(mids).toEqual(mids.toSorted((one, other) => (one < other ? -1 : 1)));
    expect(new Set(mids).size).toBe(20);
  });

  it('brings a message from one relay to all listeners of others, in order', async (fleet) => {
    const [publisher, reader] = [await fleet.relay(), await fleet.relay()];
    const received = new Received<RelayMessage>();
    const others = new Received<RelayMessage>();
    await reader.subscribe('jobs.*.done', received.add);
    await reader.subscribe('jobs.1.done', others.add);
    await publisher.subscribe('jobs.>', others.add);

    const before = Date.now();
    const first = await publisher.publish('jobs.1.done', { ok: true });
    await publisher.publish('jobs.2.done', [1, 'two', null]);
    await publisher.publish('jobs.3.done', undefined);

    expect(first).toMatchObject({ nodes: 2, endpoints: 3 });
    const messages = await received.count(3);
    expect(messages.map(({ topic, data }) => [topic, data])).toEqual([
      ['jobs.1.done', { ok: true }],
      ['jobs.2.done', [1, 'two', null]],
      ['jobs.3.done', null],
    ]);
    expect(messages[0]).toMatchObject({ mid: first.mid, retained: false });
    expect(messages[0]!.ts).toBeGreaterThanOrEqual(before);
    await others.count(4);
  });

  it('delivers nothing more after unsubscribe', async (fleet) => {
    const relay = await fleet.relay();
    const [ended, going] = [new Received<RelayMessage>(), new Received<RelayMessage>()];
    const subscription = await relay.subscribe('a', ended.add);
    await relay.subscribe('a', going.add);
    await relay.publish('a', 1);
    await Promise.all([ended.count(1), going.count(1)]);
    await subscription.unsubscribe();
    expect(await relay.publish('a', 2)).toMatchObject({ nodes: 1, endpoints: 1 });
    await going.count(2);
    expect(ended.items).toHaveLength(1);
  });

  it('keeps namespaces apart', async (fleet) => {
    const [here, there] = [await fleet.relay(), await fleet.relay({ namespace: 'elsewhere' })];
    const received = new Received<RelayMessage>();
    await there.subscribe('>', received.add);
    expect(await here.publish('a', 'here')).toMatchObject({ nodes: 0 });
    await there.publish('a', 'there');
    expect((await received.count(1)).map(({ data }) => data)).toEqual(['there']);
  });

  it('takes large messages, and text of all kinds', async (fleet) => {
    const relay = await fleet.relay();
    const received = new Received<RelayMessage>();
    await relay.subscribe('a', received.add);
    const texts = ['x'.repeat(500_000), 'größer – 大きい – 🙂 \n "quoted"', ''];
    for (const text of texts) await relay.publish('a', text);
    await expect(relay.publish('a', 'x'.repeat(600_000))).rejects.toThrow('too large');
    expect((await received.count(3)).map(({ data }) => data)).toEqual(texts);
  });
});
