import type { JobJson, KeepJobs } from 'bullmq';
import { QUEUES, qualifiedName, type QueueName } from '../harness/recorded-call.js';
import type { SeededRandom } from '../harness/seeded-random.js';
import { type CallKind, plan, type World } from './call-world.js';
import { somePayload } from './job-builder.js';
import type { Claim } from './known-jobs.js';

/** What a worker does with its jobs. */
export const WORKING: readonly CallKind[] = [
  { weight: 12, plan: claimNext },
  { weight: 9, plan: orClaim(complete) },
  { weight: 6, plan: orClaim(fail) },
  { weight: 3, plan: orClaim(delay) },
  { weight: 3, plan: orClaim(retry) },
  { weight: 3, plan: orClaim(waitForChildren) },
  { weight: 2, plan: orClaim(giveBack) },
  { weight: 2, plan: orClaim(extendOne) },
  { weight: 2, plan: extendMany },
];

/** Workers that die, and who finds out. */
export const STALLING: readonly CallKind[] = [
  {
    weight: 3,
    plan: orClaim((world, queue) => {
      const { id, token } = held(world, queue);
      return plan(queue, 'stall', id, token);
    }),
  },
  {
    weight: 1,
    plan: orClaim((world, queue) => {
      const { id, token } = held(world, queue);
      return plan(queue, 'lateFinish', id, token);
    }),
  },
  { weight: 1, plan: (_world, queue) => plan(queue, 'moveStalledJobsToWait') },
];

type Settled = Pick<Claim, 'id' | 'token'> & { job: Partial<JobJson> };

/** What to do with a job that is held; for want of one, mostly, the next job is claimed. */
function orClaim(make: CallKind['plan']): CallKind['plan'] {
  return (world, queue) => {
    const none = world.jobs.claims(queue).length === 0;
    return none && world.random.chance(0.9) ? claimNext(world, queue) : make(world, queue);
  };
}

function claimNext(world: World, queue: QueueName) {
  const token = `t${world.unique()}`;
  return world.random.chance(0.5)
    ? plan(queue, 'moveToActive', token)
    : plan(queue, 'moveToActive', token, 'worker ä');
}

function complete(world: World, queue: QueueName) {
  const { job, token } = held(world, queue);
  const value = somePayload(world.random);
  const keep = keepJobs(world.random, job.opts?.removeOnComplete);
  return plan(queue, 'moveToCompleted', job, value, keep, token, world.random.chance(0.5));
}

function fail(world: World, queue: QueueName) {
  const { random } = world;
  const { job, token } = held(world, queue);
  const keep = keepJobs(random, job.opts?.removeOnFail);
  const fields = failureFields(random);
  const reason = fields.failedReason;
  return plan(queue, 'moveToFailed', job, reason, keep, token, random.chance(0.5), fields);
}

function delay(world: World, queue: QueueName) {
  const { random } = world;
  const { id, token } = held(world, queue);
  const ms = random.pick([0, 1, 1_000, 30_000]);
  // The first is a failed job with a backoff, the second Job.moveToDelayed() in a processor.
  const opts = random.chance(0.6)
    ? { fieldsToUpdate: failureFields(random), fetchNext: random.chance(0.5) }
    : { skipAttempt: true };
  return plan(queue, 'moveToDelayed', id, world.now, ms, token, opts);
}

function retry(world: World, queue: QueueName) {
  const { random } = world;
  const { id, token } = held(world, queue);
  const lifo = random.pick([undefined, false, true]);
  return plan(queue, 'retryJob', id, lifo, token, { fieldsToUpdate: failureFields(random) });
}

function waitForChildren(world: World, queue: QueueName) {
  const { random } = world;
  const parents = world.jobs.claims(queue).filter(({ id }) => world.jobs.isParent(queue, id));
  const { id, token } = parents.length > 0 ? random.pick(parents) : held(world, queue);
  if (random.chance(0.75)) return plan(queue, 'moveToWaitingChildren', id, token, {});
  const childQueue = random.pick(QUEUES);
  const child = { id: world.jobs.any(random, childQueue), queue: qualifiedName(childQueue) };
  return plan(queue, 'moveToWaitingChildren', id, token, { child });
}

function giveBack(world: World, queue: QueueName) {
  const { id, token } = held(world, queue);
  return plan(queue, 'moveJobFromActiveToWait', id, token);
}

function extendOne(world: World, queue: QueueName) {
  const { id, token } = held(world, queue);
  return plan(queue, 'extendLock', id, token, world.options.lockDuration);
}

function extendMany(world: World, queue: QueueName) {
  const claims = world.jobs.claims(queue).slice(-3);
  const tokens = claims.map(({ token }) => (world.random.chance(0.1) ? 'wrong' : token));
  const ids = claims.map(({ id }) => id);
  if (world.random.chance(0.2)) {
    ids.push(world.jobs.any(world.random, queue));
    tokens.push('wrong');
  }
  return plan(queue, 'extendLocks', ids, tokens, world.options.lockDuration);
}

/**
 * A job and its token, as a worker has them; now and then the wrong token, or a job that nobody
 * holds.
 */
function held(world: World, queue: QueueName): Settled {
  const { random } = world;
  const claim = world.jobs.claim(random, queue);
  if (claim === undefined || random.chance(0.04)) {
    const id = world.jobs.inState(random, queue, 'active');
    return { id, token: 'wrong', job: { id, name: 'mail', opts: { attempts: 1 } } };
  }
  return random.chance(0.05) ? { ...claim, token: 'wrong' } : claim;
}

/** The job's own wish, as Job passes it on, or any other form. */
function keepJobs(random: SeededRandom, wish: unknown): unknown {
  if (random.chance(0.4)) return wish;
  return random.pick<boolean | number | KeepJobs | undefined>([
    undefined,
    true,
    false,
    0,
    1,
    5,
    { count: 2 },
    { age: 30 },
    { age: 30, count: 4 },
    { age: 10, limit: 1 },
    { age: 60, count: 10, limit: 2 },
  ]);
}

function failureFields(random: SeededRandom): {
  failedReason: string;
  stacktrace: string;
  tm: undefined;
} {
  const failedReason = random.pick(['boom', 'ünglück: "x"', 'a\nb']);
  const stacktrace = JSON.stringify([`Error: ${failedReason}\n    at somewhere`]);
  return { failedReason, stacktrace, tm: undefined };
}
