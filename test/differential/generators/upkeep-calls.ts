import type { QueueName } from '../harness/recorded-call.js';
import { type CallKind, FOREVER_MS, plan, type World } from './call-world.js';

/** Calls for many jobs at once. */
export const UPKEEP: readonly CallKind[] = [
  { weight: 3, plan: clean },
  { weight: 2, plan: retryMany },
  { weight: 2, plan: promoteMany },
  { weight: 1, plan: (world, queue) => plan(queue, 'drain', world.random.chance(0.5)) },
  { weight: 1, plan: (_world, queue) => plan(queue, 'removeOrphanedJobs', 1_000, 0) },
  { weight: 1, plan: (world, queue) => plan(queue, 'trimEvents', world.random.pick([5_000, 0])) },
  { weight: 1, plan: obliterate },
];

/** Pausing, limits and the settings of a queue. */
export const SETTINGS: readonly CallKind[] = [
  { weight: 3, plan: (_world, queue) => plan(queue, 'pause', true) },
  { weight: 5, plan: (_world, queue) => plan(queue, 'pause', false) },
  {
    weight: 2,
    plan: (world, queue) => {
      return plan(queue, 'setQueueMeta', { concurrency: world.random.int(1, 4) });
    },
  },
  { weight: 3, plan: (_world, queue) => plan(queue, 'removeQueueMetaFields', ['concurrency']) },
  {
    weight: 1,
    plan: (world, queue) => {
      return plan(queue, 'setQueueMeta', { max: world.random.int(1, 5), duration: FOREVER_MS });
    },
  },
  { weight: 2, plan: (_world, queue) => plan(queue, 'removeQueueMetaFields', ['max', 'duration']) },
  { weight: 1, plan: (_world, queue) => plan(queue, 'setRateLimit', FOREVER_MS) },
  { weight: 4, plan: (_world, queue) => plan(queue, 'removeRateLimitKey') },
  { weight: 1, plan: (_world, queue) => plan(queue, 'removeDeprecatedPriorityKey') },
  { weight: 1, plan: custom },
  { weight: 1, plan: asQueueDoes },
];

function clean(world: World, queue: QueueName) {
  const { random } = world;
  const state = random.pick(['wait', 'active', 'delayed', 'prioritized', 'completed', 'failed']);
  const until = world.now - random.pick([0, 0, 1_000, 60_000]);
  return plan(queue, 'cleanJobsByState', state, until, random.pick([0, 1, 3, 1_000]));
}

function retryMany(world: World, queue: QueueName) {
  const { random } = world;
  const state = random.pick(['completed', 'failed']);
  const until = world.now - random.pick([0, 0, 5_000]);
  return plan(queue, 'retryFinishedJobs', state, random.pick([1, 2, 1_000]), until);
}

function promoteMany(world: World, queue: QueueName) {
  return plan(queue, 'promoteJobs', world.random.pick([1, 2, 1_000]));
}

function obliterate(world: World, queue: QueueName) {
  const { random } = world;
  const count = random.pick([2, 1_000]);
  const method = random.pick(['obliterate', 'obliteratePaused']);
  return plan(queue, method, { force: random.chance(0.6), count });
}

/** A field of the user's own. */
function custom(world: World, queue: QueueName) {
  const { random } = world;
  return random.pick([
    plan(queue, 'setQueueMeta', { 'my.field': random.int(1, 9), other: 'ä' }),
    plan(queue, 'removeQueueMetaFields', ['my.field', 'missing']),
  ]);
}

/** What the constructor of Queue writes. */
function asQueueDoes(_world: World, queue: QueueName) {
  return plan(queue, 'setQueueMeta', { 'opts.maxLenEvents': 10_000, version: 'bullmq:6.7.0' });
}
