import { DEDUPLICATION_IDS, STATES } from '../harness/queue-snapshot.js';
import { jobKey, type QueueName } from '../harness/recorded-call.js';
import { type CallKind, plan, type World } from './call-world.js';

/** What only asks. Whole lists are in the snapshots: here are the odd arguments. */
export const READING: readonly CallKind[] = [
  { weight: 4, plan: ranges },
  { weight: 2, plan: counts },
  { weight: 1, plan: priorityCounts },
  { weight: 2, plan: jobInState },
  { weight: 2, plan: finished },
  { weight: 2, plan: logs },
  { weight: 1, plan: metrics },
  { weight: 3, plan: dependencies },
  { weight: 1, plan: settings },
  { weight: 1, plan: events },
];

function someStates(world: World): string[] {
  const names = [...STATES, 'waiting'];
  return Array.from({ length: world.random.int(1, 3) }, () => world.random.pick(names));
}

function ranges(world: World, queue: QueueName) {
  const { random } = world;
  const start = random.pick([0, 0, 1, 2, 5]);
  const end = random.pick([-1, 0, 1, 3, 8]);
  if (random.chance(0.05)) return plan(queue, 'getRanges', someStates(world));
  return plan(queue, 'getRanges', someStates(world), start, end, random.chance(0.5));
}

function counts(world: World, queue: QueueName) {
  const { random } = world;
  if (random.chance(0.5)) return plan(queue, 'getCounts', someStates(world));
  return plan(
    queue,
    'getCounts',
    ['delayed', ...someStates(world)],
    world.now + random.int(0, 9_000),
  );
}

function priorityCounts(_world: World, queue: QueueName) {
  return plan(queue, 'getCountsPerPriority', [0, 1, 2, 3, 10, 2_097_151]);
}

function jobInState(world: World, queue: QueueName) {
  const { random } = world;
  const id = world.jobs.any(random, queue);
  const state = random.pick([...STATES, 'waiting', 'nonsense']);
  return plan(queue, 'isJobInState', state, id);
}

function finished(world: World, queue: QueueName) {
  const { random } = world;
  const id = random.chance(0.6)
    ? world.jobs.inState(random, queue, 'completed', 'failed')
    : world.jobs.any(random, queue);
  return plan(queue, 'isFinished', id, random.pick([undefined, false, true]));
}

function logs(world: World, queue: QueueName) {
  const { random } = world;
  const id = world.jobs.logged(random, queue);
  return plan(
    queue,
    'getJobLogs',
    id,
    random.int(0, 2),
    random.pick([-1, 0, 1, 5]),
    random.chance(0.5),
  );
}

function metrics(world: World, queue: QueueName) {
  const { random } = world;
  const type = random.pick(['completed', 'failed']);
  return plan(queue, 'getMetrics', type, random.pick([0, 1, -2]), random.pick([-1, 0, 3]));
}

function dependencies(world: World, queue: QueueName) {
  const { random } = world;
  const id = world.jobs.parent(random, queue);
  const kinds = ['processed', 'unprocessed', 'ignored', 'failed'];
  const kind = random.pick(kinds);
  return random.pick([
    () => plan(queue, 'getDependencyCounts', id, random.chance(0.5) ? kinds : [kind]),
    () =>
      plan(queue, 'dependenciesByCursor', id, random.pick(kinds.slice(0, 3)), random.pick([1, 20])),
    () => {
      const failed = { cursor: random.int(0, 2), count: random.int(1, 3) };
      return plan(queue, 'getDependencies', id, { failed });
    },
    () => plan(queue, 'getProcessedChildrenValues', id),
    () => plan(queue, 'getIgnoredChildrenFailures', id),
    // Whole sets alone: the pages of a set are in the order of a Redis hash.
    () => {
      const page = { start: 0, end: -1, fetchJobs: random.pick([undefined, true]) };
      // Of children that are in a hash, BullMQ takes a value for a job's key: no jobs for these.
      const ofHash = random.chance(0.5);
      const key = jobKey(queue, `${id}:${ofHash ? 'processed' : 'dependencies'}`);
      return plan(queue, 'paginate', key, page);
    },
  ])();
}

function settings(world: World, queue: QueueName) {
  const { random } = world;
  return random.pick([
    plan(queue, 'getQueueMetaField', random.pick(['paused', 'concurrency', 'missing'])),
    plan(queue, 'getQueueMetaFields', ['max', 'duration', 'my.field']),
    plan(queue, 'hasQueueMetaField', random.pick(['paused', 'my.field'])),
    plan(queue, 'getRateLimitTtl', random.pick([undefined, 1, 5])),
    plan(queue, 'getDeduplicationJobId', random.pick(DEDUPLICATION_IDS)),
  ]);
}

/** An event of the user's own, by QueueEventsProducer. */
function events(world: World, queue: QueueName) {
  const fields = { event: 'custom', n: world.unique(), text: 'ä' };
  return plan(queue, 'publishEvent', fields, 10_000);
}
