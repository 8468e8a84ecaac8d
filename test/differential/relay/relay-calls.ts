import type { SeededRandom } from '../harness/seeded-random.js';

/** One call of a sequence, as both sides make it. */
export type RelayCall =
  | { call: 'register'; node: string; inboxLimit: number }
  /** Makes its lease one of no time: it is over at once, without a wait for the clock. */
  | { call: 'expire'; node: string }
  | { call: 'heartbeat'; node: string }
  | { call: 'unregister'; node: string }
  | { call: 'sweep'; limit: number }
  | { call: 'subscribe'; node: string; endpoint: string; pattern: string }
  | { call: 'removeEndpoint'; node: string; endpoint: string }
  | { call: 'publish'; topic: string; data: string; retainMs: number; maxSize: number }
  | { call: 'deleteRetained'; topic: string }
  /** `again`: from the position of the read before, as if that one had been lost. */
  | { call: 'read'; node: string; count: number; again: boolean }
  | { call: 'trim'; node: string; maxLength: number }
  | { call: 'pages'; start: number; end: number; node: string; pattern: string };

const NODES = ['n', 'na', 'n-1', 'N', 'x'];
const ENDPOINTS = ['e', 'e1', 'E', 'f-'];
const SEGMENTS = ['a', 'b', 'a:1', 'B', 'ab'];
const WRONG = ['', 'a..b', '.a', 'a b', '>.a', 'ä', 'a.>.b', 'a*', '\n'];

/** Each call by how often it is made. */
const WEIGHTS: { call: RelayCall['call']; weight: number }[] = [
  { call: 'publish', weight: 30 },
  { call: 'subscribe', weight: 20 },
  { call: 'read', weight: 14 },
  { call: 'trim', weight: 8 },
  { call: 'pages', weight: 8 },
  { call: 'register', weight: 7 },
  { call: 'removeEndpoint', weight: 6 },
  { call: 'deleteRetained', weight: 4 },
  { call: 'heartbeat', weight: 3 },
  { call: 'sweep', weight: 2 },
  { call: 'expire', weight: 2 },
  { call: 'unregister', weight: 1 },
];

/** Makes up the calls of a sequence. */
export function relayCall(random: SeededRandom): RelayCall {
  const { call } = random.weighted(WEIGHTS);
  const node = random.chance(0.02) ? random.pick(['', 'n.n', 'nobody']) : random.pick(NODES);
  switch (call) {
    case 'register':
      return { call, node, inboxLimit: random.pick([1, 2, 3, 5, 100]) };
    case 'sweep':
      return { call, limit: random.pick([0, 100]) };
    case 'subscribe': {
      const endpoint = random.chance(0.02) ? 'e|' : random.pick(ENDPOINTS);
      return { call, node, endpoint, pattern: pattern(random) };
    }
    case 'removeEndpoint':
      return { call, node, endpoint: random.pick(ENDPOINTS) };
    case 'publish':
      return {
        call,
        topic: topic(random),
        data: JSON.stringify('é'.repeat(random.int(0, 6))),
        // No two messages must expire in the same ms: then it would be the topic that orders them.
        retainMs: random.chance(0.3) ? 600_000 + 10_000 * random.int(0, 1_000_000) : 0,
        maxSize: 12,
      };
    case 'deleteRetained':
      return { call, topic: topic(random) };
    case 'read':
      return { call, node, count: random.pick([1, 2, 5, 100]), again: random.chance(0.2) };
    case 'trim':
      return { call, node, maxLength: random.pick([0, 1, 2, 5, 100]) };
    case 'pages': {
      const start = random.int(0, 6);
      const end = random.chance(0.3) ? -1 : random.int(0, 10);
      return { call, start, end, node, pattern: pattern(random) };
    }
    default:
      return { call, node };
  }
}

function topic(random: SeededRandom): string {
  if (random.chance(0.03)) return random.pick([...WRONG, '*', 'a.>']);
  return Array.from({ length: random.int(1, 3) }, () => random.pick(SEGMENTS)).join('.');
}

function pattern(random: SeededRandom): string {
  if (random.chance(0.03)) return random.pick(WRONG);
  const segments = Array.from({ length: random.int(1, 3) }, () =>
    random.chance(0.3) ? '*' : random.pick(SEGMENTS),
  );
  if (random.chance(0.25)) segments.push('>');
  return random.chance(0.05) ? '>' : segments.join('.');
}
