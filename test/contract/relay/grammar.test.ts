import { RelayError, RelayErrorCode } from 'bullmq';
import { expect } from 'vitest';
import { describeRelays } from '../../support/relays.js';

const PASSING = { ts: 1, retainMs: 0, maxSize: 1_000 };

const TOPICS = [
  'a',
  'queues.emails.jobs.42.progress',
  'A-b_c:d%20e.0',
  'a'.repeat(512),
  Array(16).fill('s').join('.'),
];
const NO_TOPICS = [
  '',
  '.',
  'a.',
  '.a',
  'a..b',
  'a b',
  'a/b',
  'ä',
  'a\n',
  '\na',
  'a|b',
  'a,b',
  'a'.repeat(513),
  Array(17).fill('s').join('.'),
];
const WILDCARDS = ['*', '>', 'a.*', '*.a', 'a.>', '*.*', '*.>', 'a.*.b.>'];
const NO_PATTERNS = [...NO_TOPICS, '>.a', 'a.>.b', 'a*', 'a.b*', '**', '>>', 'a.>>', '*>'];
const IDS = ['a', 'A_b-9', 'x'.repeat(64)];
const NO_IDS = ['', 'x'.repeat(65), 'a.b', 'a|b', 'a b', 'é', 'a\n'];

/** How each value is refused: the name of its code, or what happened instead. */
async function refusals(
  values: readonly string[],
  call: (value: string) => Promise<unknown>,
): Promise<string[]> {
  const outcomes = values.map(async (value) => {
    const outcome = await call(value).catch((error: unknown) => error);
    return `${value}: ${outcome instanceof RelayError ? RelayErrorCode[outcome.code] : String(outcome)}`;
  });
  return Promise.all(outcomes);
}

function all(values: readonly string[], code: keyof typeof RelayErrorCode): string[] {
  return values.map((value) => `${value}: ${code}`);
}

describeRelays('the grammar of a relay', ({ it }) => {
  it('takes topics, and refuses what is none', async (fleet) => {
    const backend = await fleet.node('n');
    for (const topic of TOPICS) {
      expect(await backend.publish(topic, '1', PASSING)).toMatchObject({ nodes: 0 });
      expect(await backend.deleteRetained(topic)).toBe(false);
    }
    const wrong = [...NO_TOPICS, ...WILDCARDS];
    expect(await refusals(wrong, (topic) => backend.publish(topic, '1', PASSING))).toEqual(
      all(wrong, 'InvalidTopic'),
    );
    expect(await refusals(wrong, (topic) => backend.deleteRetained(topic))).toEqual(
      all(wrong, 'InvalidTopic'),
    );
  });

  it('takes topics and patterns to subscribe to, and refuses what is neither', async (fleet) => {
    const backend = await fleet.node('n');
    for (const pattern of [...TOPICS, ...WILDCARDS]) {
      expect(await backend.subscribe('n', 'e', pattern)).toEqual({ added: true });
      expect(await backend.subscribe('n', 'e', pattern)).toEqual({ added: false });
    }
    expect(await refusals(NO_PATTERNS, (pattern) => backend.subscribe('n', 'e', pattern))).toEqual(
      all(NO_PATTERNS, 'InvalidPattern'),
    );
  });

  it('takes ids, and refuses what is none', async (fleet) => {
    const backend = await fleet.node('n');
    for (const id of IDS) {
      await backend.registerNode(id, 60_000);
      expect(await backend.subscribe(id, id, 'topic')).toEqual({ added: true });
    }
    const refused = all(NO_IDS, 'InvalidId');
    expect(await refusals(NO_IDS, (id) => backend.registerNode(id, 60_000))).toEqual(refused);
    expect(await refusals(NO_IDS, (id) => backend.subscribe(id, 'e', 'a'))).toEqual(refused);
    expect(await refusals(NO_IDS, (id) => backend.subscribe('n', id, '..'))).toEqual(refused);
  });

  it('says in BullMQ’s words what it refuses', async (fleet) => {
    const backend = await fleet.node('n');
    const publish = (topic: string, data: string) =>
      backend.publish(topic, data, { ...PASSING, maxSize: 4 });
    const subscribe = (node: string, pattern: string) => backend.subscribe(node, 'e', pattern);
    await expect(publish('a..b', '12345')).rejects.toThrow('Invalid topic: a..b');
    await expect(publish('a', '12345')).rejects.toThrow('Message data is too large: a');
    await expect(publish('a', '"é"')).resolves.toBeDefined();
    await expect(publish('a', '"éé"')).rejects.toThrow('Message data is too large: a');
    await expect(subscribe('n', 'a..b')).rejects.toThrow('Invalid topic pattern: a..b');
    await expect(subscribe('n!', 'a')).rejects.toThrow('Invalid relay node or endpoint id: a');
    await expect(subscribe('m', 'a.b')).rejects.toThrow('Relay node is not registered: a.b');
    await expect(subscribe('m', '..')).rejects.toThrow('Invalid topic pattern: ..');
    // PostgreSQL's does not repeat the id.
    await expect(backend.registerNode('n!', 1_000)).rejects.toThrow(
      'Invalid relay node or endpoint id',
    );
  });
});
