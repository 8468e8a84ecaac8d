import type { RepeatOptions } from 'bullmq';
import { isRecord } from '../harness/plain-values.js';
import { SCHEDULER_IDS } from '../harness/queue-snapshot.js';
import type { QueueName } from '../harness/recorded-call.js';
import { type CallKind, plan, type Plan, type World } from './call-world.js';
import { placingOptions, plainOptions, somePayload } from './job-builder.js';
import { recordUpsert } from './scheduler-recorder.js';

/**
 * Queue.upsertJobScheduler() and its kin, and what a worker does before it runs a scheduler's job.
 */
export const SCHEDULERS: readonly CallKind[] = [
  { weight: 4, plan: upsert },
  { weight: 8, plan: iterate },
  { weight: 1, plan: (world, queue) => plan(queue, 'removeJobScheduler', someId(world)) },
  { weight: 1, plan: (world, queue) => plan(queue, 'getJobScheduler', someId(world)) },
  { weight: 1, plan: (world, queue) => plan(queue, 'isJobScheduler', someId(world)) },
  { weight: 1, plan: (_world, queue) => plan(queue, 'getJobSchedulersCount') },
  { weight: 1, plan: range },
];

function someId(world: World): string {
  return world.random.pick(SCHEDULER_IDS);
}

function upsert(world: World, queue: QueueName): Promise<Plan> {
  const { random } = world;
  const { priority, lifo } = placingOptions(random);
  const opts = {
    ...plainOptions(random),
    ...(priority ? { priority } : {}),
    ...(lifo ? { lifo } : {}),
  };
  const data = random.chance(0.5) ? {} : (somePayload(random) ?? {});
  const id = someId(world);
  const name = random.pick([id, 'report']);
  return recordUpsert(queue, id, repeatOptions(world), name, data, opts, { override: true });
}

/**
 * A job of a scheduler has been claimed: the worker asks for the next one, with what the job says.
 */
async function iterate(world: World, queue: QueueName): Promise<Plan> {
  const claims = world.jobs
    .claims(queue)
    .filter(({ job }) => typeof job['repeatJobKey'] === 'string');
  if (claims.length === 0) return approachIteration(world, queue);
  const { id, job } = world.random.pick(claims);
  const opts = isRecord(job['opts']) ? job['opts'] : {};
  if (!isRecord(opts['repeat'])) return undefined;
  const repeat = opts['repeat'] as unknown as RepeatOptions;
  const data: unknown = JSON.parse(String(job['data']));
  const schedulerId = String(job['repeatJobKey']);
  const name = String(job['name']);
  return recordUpsert(queue, schedulerId, repeat, name, data, opts, {
    override: false,
    producerId: id,
  });
}

/** Brings a scheduler's job nearer to its run. */
function approachIteration(world: World, queue: QueueName): Plan {
  const delayed = world.jobs.listed(queue, 'delayed').find((id) => id.startsWith('repeat:'));
  if (delayed !== undefined) return plan(queue, 'promote', delayed);
  return plan(queue, 'moveToActive', `t${world.unique()}`);
}

function repeatOptions(world: World): RepeatOptions {
  const { random, now } = world;
  const repeat: RepeatOptions = random.chance(0.6)
    ? { every: random.pick([1_000, 60_000, 3_600_000]) }
    : { pattern: random.pick(['* * * * * *', '*/5 * * * *', '0 3 * * *']) };
  if (repeat.every !== undefined && random.chance(0.25)) repeat.offset = random.pick([1, 250, 999]);
  if (repeat.pattern !== undefined && random.chance(0.3)) {
    repeat.tz = random.pick(['UTC', 'Europe/Berlin']);
  }
  const start = random.chance(0.25);
  if (start) repeat.startDate = now + random.pick([-10_000, 0, 90_000, 7_200_000]);
  if (repeat.pattern !== undefined && !start && random.chance(0.2)) repeat.immediately = true;
  if (random.chance(0.2)) repeat.endDate = now + random.pick([5_000, 86_400_000]);
  if (random.chance(0.2)) repeat.limit = random.int(1, 4);
  return repeat;
}

function range(world: World, queue: QueueName) {
  const { random } = world;
  const [start, end] = random.pick([
    [0, -1],
    [0, 0],
    [1, 2],
    [-1, -1],
  ] as const);
  return plan(queue, 'getJobSchedulersRange', start, end, random.chance(0.5));
}
