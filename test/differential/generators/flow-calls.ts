import type { JobsOptions } from 'bullmq';
import { jobKey, PREFIX, QUEUES, qualifiedName, type QueueName } from '../harness/recorded-call.js';
import { type CallKind, plan, type World } from './call-world.js';
import {
  buildJob,
  isOwnId,
  jobName,
  onFailureOptions,
  placingOptions,
  plainOptions,
  somePayload,
} from './job-builder.js';

/** FlowProducer.add() and addBulk(). */
export const FLOWS: readonly CallKind[] = [{ weight: 1, plan: addFlow }];

const MAX_DEPTH = 3;

interface Parent {
  readonly queue: QueueName;
  readonly id: string;
}

interface Entry {
  jobData: object;
  jobId: string;
  parentKeyOpts: object;
  prefix: string;
  queueName: QueueName;
}

function addFlow(world: World, queue: QueueName) {
  const entries: Entry[] = [];
  const trees = world.random.chance(0.9) ? 1 : 2;
  for (let tree = 0; tree < trees; tree += 1) addNode(world, entries, queue, 1, rootParent(world));
  return plan(queue, 'addFlow', entries);
}

/** A flow may hang on a job that exists. */
function rootParent(world: World): Parent | undefined {
  if (world.random.chance(0.9)) return undefined;
  const queue = world.random.pick(QUEUES);
  return {
    queue,
    id: world.jobs.possibleParent(world.random, queue, 'waiting-children', 'active'),
  };
}

/** In FlowProducer's order: a node comes before its children. */
function addNode(
  world: World,
  entries: Entry[],
  queue: QueueName,
  depth: number,
  parent: Parent | undefined,
): void {
  const { random } = world;
  const id = nodeId(world, queue);
  const children = depth < MAX_DEPTH && (depth === 1 || random.chance(0.3)) ? random.int(1, 3) : 0;
  const opts: JobsOptions = {
    ...plainOptions(random),
    ...(random.chance(0.4) ? placingOptions(random) : {}),
    ...(parent ? onFailureOptions(random) : {}),
    jobId: id,
  };
  if (parent) opts.parent = { id: parent.id, queue: qualifiedName(parent.queue) };
  const parentKey = parent && jobKey(parent.queue, parent.id);
  entries.push({
    jobData: buildJob(queue, jobName(random), somePayload(random), opts, id),
    jobId: id,
    parentKeyOpts: {
      parentDependenciesKey: parentKey && `${parentKey}:dependencies`,
      ...(children > 0 ? { addToWaitingChildren: true } : {}),
      parentKey,
    },
    prefix: PREFIX,
    queueName: queue,
  });
  for (let child = 0; child < children; child += 1) {
    addNode(world, entries, random.pick(QUEUES), depth + 1, { queue, id });
  }
}

/** Now and then the id of a job that exists: it is attached to the flow, or refused. */
function nodeId(world: World, queue: QueueName): string {
  const known = world.random.chance(0.12) ? world.jobs.any(world.random, queue) : 'missing';
  return isOwnId(known) ? known : `f${world.unique()}`;
}
