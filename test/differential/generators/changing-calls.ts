import { DEDUPLICATION_IDS } from '../harness/queue-snapshot.js';
import { jobKey, QUEUES, type QueueName } from '../harness/recorded-call.js';
import { type CallKind, plan, type World } from './call-world.js';
import { somePayload } from './job-builder.js';
import type { State } from './known-jobs.js';

/** Methods of Job that change one job. */
export const CHANGING: readonly CallKind[] = [
  { weight: 2, plan: updateData },
  { weight: 2, plan: updateProgress },
  { weight: 6, plan: addLog },
  { weight: 1, plan: clearLogs },
  { weight: 3, plan: changeDelay },
  { weight: 4, plan: changePriority },
  { weight: 3, plan: promote },
  { weight: 4, plan: retryFinished },
  { weight: 2, plan: removeDeduplication },
];

/** Methods that remove jobs, alone or with their families. */
export const REMOVING: readonly CallKind[] = [
  { weight: 4, plan: remove },
  { weight: 2, plan: removeUnprocessed },
  { weight: 3, plan: leaveParent },
];

function delayedId(world: World, queue: QueueName): string {
  return world.jobs.inState(world.random, queue, 'delayed');
}

/** Mostly there is no sense in a call for a state that no job is in. */
function isWorthwhile(world: World, queue: QueueName, ...states: State[]): boolean {
  return states.some((state) => world.jobs.has(queue, state)) || world.random.chance(0.1);
}

function promote(world: World, queue: QueueName) {
  if (!isWorthwhile(world, queue, 'delayed')) return undefined;
  return plan(queue, 'promote', delayedId(world, queue));
}

function updateData(world: World, queue: QueueName) {
  const data = somePayload(world.random) ?? {};
  return plan(queue, 'updateData', { id: world.jobs.any(world.random, queue) }, data);
}

function updateProgress(world: World, queue: QueueName) {
  const progress = world.random.pick([0, 42, 99.5, 'half', true, { step: 'ä' }, [1]]);
  return plan(queue, 'updateProgress', world.jobs.any(world.random, queue), progress);
}

function addLog(world: World, queue: QueueName) {
  const { random } = world;
  const row = `line ${world.unique()} ä`;
  const keep = random.pick([undefined, undefined, 1, 2]);
  return plan(queue, 'addLog', world.jobs.logged(random, queue), row, keep);
}

function clearLogs(world: World, queue: QueueName) {
  const keep = world.random.pick([undefined, 1, 5]);
  return plan(queue, 'clearLogs', world.jobs.logged(world.random, queue), keep);
}

function changeDelay(world: World, queue: QueueName) {
  if (!isWorthwhile(world, queue, 'delayed')) return undefined;
  const ms = world.random.pick([0, 1, 5_000, 600_000]);
  return plan(queue, 'changeDelay', delayedId(world, queue), ms);
}

function changePriority(world: World, queue: QueueName) {
  const { random } = world;
  if (!isWorthwhile(world, queue, 'wait', 'prioritized')) return undefined;
  const id = world.jobs.inState(random, queue, 'wait', 'prioritized');
  const priority = random.pick([undefined, 0, 1, 2, 3]);
  return plan(queue, 'changePriority', id, priority, random.pick([undefined, true, false]));
}

function retryFinished(world: World, queue: QueueName) {
  const { random } = world;
  const state = random.pick(['completed', 'failed'] as const);
  if (!isWorthwhile(world, queue, state)) return undefined;
  const id = world.jobs.inState(random, queue, state);
  const job = { id, name: 'mail', opts: random.chance(0.2) ? { lifo: true } : {} };
  const opts = random.pick([
    {},
    { resetAttemptsMade: true },
    { resetAttemptsStarted: true },
    { resetAttemptsMade: true, resetAttemptsStarted: true },
  ]);
  return plan(queue, 'retryFinishedJob', job, state, opts);
}

function removeDeduplication(world: World, queue: QueueName) {
  const { random } = world;
  const id = random.pick(DEDUPLICATION_IDS);
  return random.chance(0.5)
    ? plan(queue, 'deleteDeduplicationKey', id)
    : plan(queue, 'removeDeduplicationKey', id, world.jobs.any(random, queue));
}

function remove(world: World, queue: QueueName) {
  const { random } = world;
  const id = random.chance(0.3) ? world.jobs.parent(random, queue) : world.jobs.any(random, queue);
  return plan(queue, 'remove', id, random.chance(0.5));
}

function removeUnprocessed(world: World, queue: QueueName) {
  return plan(queue, 'removeUnprocessedChildren', world.jobs.parent(world.random, queue));
}

/** A child that may have this parent, or not. */
function leaveParent(world: World, queue: QueueName) {
  const { random } = world;
  const family = world.jobs.family(random, queue);
  if (family && random.chance(0.8)) {
    return plan(queue, 'removeChildDependency', family.id, family.parentKey);
  }
  const parentQueue = random.pick(QUEUES);
  const parentKey = jobKey(parentQueue, world.jobs.parent(random, parentQueue));
  return plan(queue, 'removeChildDependency', world.jobs.any(random, queue), parentKey);
}
