import type { JobsOptions } from 'bullmq';
import { DEDUPLICATION_IDS } from '../harness/queue-snapshot.js';
import { QUEUES, qualifiedName, type QueueName } from '../harness/recorded-call.js';
import type { SeededRandom } from '../harness/seeded-random.js';
import { type CallKind, FOREVER_MS, plan, type World } from './call-world.js';
import {
  buildJob,
  isOwnId,
  jobName,
  onFailureOptions,
  placingOptions,
  plainOptions,
  somePayload,
} from './job-builder.js';

/** Queue.add() and Queue.addBulk(). */
export const ADDING: readonly CallKind[] = [
  {
    weight: 10,
    plan: (world, queue) => {
      return addJob(world, queue, placingOptions(world.random), customId(world, queue));
    },
  },
  { weight: 3, plan: addChild },
  { weight: 3, plan: addMany },
];

/** Queue.add() with a deduplication id, in each of its modes. */
export const DEDUPLICATING: readonly CallKind[] = [{ weight: 1, plan: addDeduplicated }];

function addJob(world: World, queue: QueueName, opts: JobsOptions, id: string | undefined) {
  const entry = buildEntry(world, queue, opts, id);
  return plan(queue, 'addJob', entry.job, entry.jobId, entry.parentKeyOpts);
}

function addChild(world: World, queue: QueueName) {
  const { random } = world;
  const parentQueue = random.pick(QUEUES);
  const parentId = world.jobs.possibleParent(
    random,
    parentQueue,
    'waiting-children',
    'active',
    'wait',
  );
  const opts = {
    ...placingOptions(random),
    ...onFailureOptions(random),
    parent: { id: parentId, queue: qualifiedName(parentQueue) },
  };
  return addJob(world, queue, opts, customId(world, queue));
}

function addMany(world: World, queue: QueueName) {
  const entries = Array.from({ length: world.random.int(1, 4) }, () => {
    return buildEntry(world, queue, placingOptions(world.random), customId(world, queue));
  });
  return plan(queue, 'addJobs', entries);
}

function addDeduplicated(world: World, queue: QueueName) {
  const { random } = world;
  const opts = { ...placingOptions(random), deduplication: deduplication(random) };
  // Not an id that others use, too: the job that keepLastIfActive stores for later would come on
  // top of theirs, and a list would hold one id twice.
  const id = random.chance(0.3) ? `once-${world.unique()}` : undefined;
  return addJob(world, queue, opts, id);
}

function deduplication(random: SeededRandom): NonNullable<JobsOptions['deduplication']> {
  const id = random.pick(DEDUPLICATION_IDS);
  const ttl = FOREVER_MS;
  return random.pick<NonNullable<JobsOptions['deduplication']>>([
    { id },
    { id },
    { id, ttl },
    { id, ttl, extend: true },
    { id, replace: true },
    { id, ttl, replace: true },
    { id, ttl, replace: true, extend: true },
    { id, keepLastIfActive: true },
    { id, keepLastIfActive: true, ttl },
    { id, keepLastIfActive: true, ttl, extend: true },
    { id, keepLastIfActive: true, replace: true },
  ]);
}

/** As Job.create() calls the backend. */
function buildEntry(
  world: World,
  queue: QueueName,
  placing: JobsOptions,
  id: string | undefined,
): { job: object; jobId: string | undefined; parentKeyOpts: object } {
  const { random } = world;
  const opts = { ...plainOptions(random), ...placing, ...(id === undefined ? {} : { jobId: id }) };
  if (random.chance(0.05)) opts.timestamp = world.now - random.int(0, 100_000);
  const job = buildJob(queue, jobName(random), somePayload(random), opts, id);
  const { parentKey } = job;
  return {
    job,
    jobId: id,
    parentKeyOpts: {
      parentKey,
      parentDependenciesKey: parentKey ? `${parentKey}:dependencies` : '',
    },
  };
}

/** Mostly none: the backend counts. Else a new one, or one that is taken. */
function customId(world: World, queue: QueueName): string | undefined {
  const { random } = world;
  if (random.chance(0.5)) return undefined;
  if (random.chance(0.75)) return `j${world.unique()}`;
  const known = world.jobs.any(random, queue);
  return isOwnId(known) ? known : undefined;
}
