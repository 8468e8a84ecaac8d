import { Job, type JobJson, type JobsOptions } from 'bullmq';
import { jobKey, qualifiedName, type QueueName } from '../harness/recorded-call.js';
import type { SeededRandom } from '../harness/seeded-random.js';

type JobsQueue = ConstructorParameters<typeof Job>[0];

/** A job as BullMQ's own class writes it for the backend. */
export function buildJob(
  queue: QueueName,
  name: string,
  data: unknown,
  opts: JobsOptions,
  id: string | undefined,
): JobJson {
  return new Job(queueOf(queue), name, data, opts, id).asJSON();
}

/**
 * Whether BullMQ lets a caller choose this id: numbers are for the backend, colons for schedulers.
 */
export function isOwnId(jobId: string): boolean {
  return !/^\d+$/.test(jobId) && !jobId.includes(':');
}

/** Payloads that are easy to get wrong on the way. */
const PAYLOADS: readonly unknown[] = [
  {},
  { n: 1 },
  { text: 'ünïcödé – 漢字 🎉 "quoted" \\ \n \u0000' },
  { nested: { list: [1, 2.5, null, [], {}], empty: '' } },
  null,
  0,
  'text',
  [],
  undefined,
  { big: 1e21, small: 1e-7 },
];

export function somePayload(random: SeededRandom): unknown {
  return random.pick(PAYLOADS);
}

export function jobName(random: SeededRandom): string {
  return random.pick(['mail', 'report', 'naïve name']);
}

/** Options that do not decide where a job goes. */
export function plainOptions(random: SeededRandom): JobsOptions {
  const opts: JobsOptions = {};
  if (random.chance(0.4)) opts.attempts = random.int(1, 3);
  if (random.chance(0.2)) {
    opts.backoff = random.pick([1_000, { type: 'exponential', delay: 500 }, { type: 'fixed' }]);
  }
  if (random.chance(0.15)) opts.removeOnComplete = random.pick([true, false, 3, { age: 60 }]);
  if (random.chance(0.15)) opts.removeOnFail = random.pick([true, 2, { count: 1 }]);
  if (random.chance(0.1)) opts.keepLogs = random.int(1, 3);
  if (random.chance(0.1)) opts.stackTraceLimit = random.int(0, 2);
  if (random.chance(0.05)) opts.telemetry = { metadata: '{"trace":"1"}', omitContext: true };
  return opts;
}

/** Options that decide where a job goes. */
export function placingOptions(random: SeededRandom): JobsOptions {
  const opts: JobsOptions = {};
  if (random.chance(0.25))
    opts.delay = random.pick([1, 5, 1_000, 5_000, 60_000, 3_600_000, 400_000_000_000]);
  if (random.chance(0.3)) opts.priority = random.pick([0, 1, 1, 2, 10, 2_097_151]);
  if (random.chance(0.2)) opts.lifo = true;
  return opts;
}

/** What becomes of the parent when the child fails: one of these at most. */
export function onFailureOptions(random: SeededRandom): JobsOptions {
  return random.pick<JobsOptions>([
    {},
    { failParentOnFailure: true },
    { ignoreDependencyOnFailure: true },
    { removeDependencyOnFailure: true },
    { continueParentOnFailure: true },
  ]);
}

/** As much of a queue as BullMQ's job asks for. */
function queueOf(name: QueueName): JobsQueue {
  const queue = {
    name,
    qualifiedName: qualifiedName(name),
    toKey: (type: string) => jobKey(name, type),
    opts: {},
    backend: undefined,
  };
  return queue as unknown as JobsQueue;
}
