import { randomBytes } from 'node:crypto';
import { createRedisRelayBackend } from 'bullmq';
import { createSqliteRelayBackend, sqlite } from 'bullmq-sqlite';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redisServer } from '../support/servers.js';
import { SeededRandom } from './harness/seeded-random.js';
import * as settings from './harness/settings.js';
import { type RelayCall, relayCall } from './relay/relay-calls.js';
import { RelaySide } from './relay/relay-side.js';

const CALLS_PER_SNAPSHOT = 10;
/** A relay has few calls, so that far fewer sequences go through all of their combinations. */
const EVERY = 5;
const TIMEOUT_MS = 300_000;

const server = redisServer();
const note = server.available ? '' : ` (skipped: ${server.reason})`;

describe.skipIf(!server.available)(`the relays of redis and sqlite agree${note}`, () => {
  const prefix = `relay-${randomBytes(6).toString('hex')}`;
  let redis: Redis;

  beforeAll(() => {
    redis = new Redis(server.available ? server.url : '');
  });

  afterAll(async () => {
    const keys = await redis.keys(`${prefix}*`);
    if (keys.length > 0) await redis.unlink(...keys);
    redis.disconnect();
  });

  it(
    'on random sequences of calls',
    async () => {
      const outcomes = new Map<string, number>();
      for (const seed of settings.seeds().filter((_, index) => index % EVERY === 0))
        await compare(seed, outcomes);
      // Each call must have done something, or the comparison is of nothing.
      expect(Object.fromEntries(outcomes)).toEqual(
        Object.fromEntries(REAL_OUTCOMES.map((outcome) => [outcome, expect.any(Number)])),
      );
    },
    TIMEOUT_MS,
  );

  async function compare(seed: number, outcomes: Map<string, number>): Promise<void> {
    const namespace = `s${seed}`;
    const sides = [
      new RelaySide(createRedisRelayBackend({ connection: redis, prefix, namespace })),
      new RelaySide(createSqliteRelayBackend({ connection: sqlite(':memory:'), namespace })),
    ];
    await Promise.all(sides.map((side) => side.open()));
    const random = new SeededRandom(seed);
    const calls: RelayCall[] = [];
    const made = () => `seed ${seed}, after ${calls.length} calls, the last of them
      ${JSON.stringify(calls.slice(-10), null, 2)}`;
    for (let count = 1; count <= settings.operations; count += 1) {
      const call = relayCall(random);
      calls.push(call);
      const [expected, actual] = await Promise.all(sides.map((side) => side.perform(call)));
      expectSame(actual, expected, made);
      if (hasEffect(expected)) outcomes.set(call.call, (outcomes.get(call.call) ?? 0) + 1);
      if (count % CALLS_PER_SNAPSHOT === 0) {
        const [reference, candidate] = await Promise.all(sides.map((side) => side.snapshot()));
        expectSame(candidate, reference, made);
      }
    }
    await Promise.all(sides.map((side) => side.close()));
  }
});

const REAL_OUTCOMES: RelayCall['call'][] = [
  'register',
  'expire',
  'heartbeat',
  'unregister',
  'sweep',
  'subscribe',
  'removeEndpoint',
  'publish',
  'deleteRetained',
  'read',
  'trim',
  'pages',
];

function hasEffect(outcome: unknown): boolean {
  if (typeof outcome !== 'object' || outcome === null) return outcome !== false && outcome !== 0;
  return !('refused' in outcome) && Object.values(outcome).some((value) => value !== undefined);
}

function expectSame(actual: unknown, expected: unknown, made: () => string): void {
  try {
    expect(actual).toEqual(expected);
  } catch (error) {
    throw new Error(made(), { cause: error });
  }
}
