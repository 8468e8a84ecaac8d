import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import {
  PostgresQueueBackend,
  PostgresRelayBackend,
  RedisQueueBackend,
  RedisRelayBackend,
} from 'bullmq';
import { BullmqChangedError } from '../errors/index.js';

/**
 * What BullMQ's classes call of a backend, which its types promise and its versions extend: a
 * method that they call and that is not here would be missed in the middle of a job. BullMQ's own
 * two backends have the methods of the contract in common.
 */
export interface BackendSeam {
  readonly what: string;
  readonly why: string;
  readonly provedBy: readonly string[];
  /** BullMQ's backends, to which ours is equal. */
  readonly models: readonly Backend[];
  /**
   * Methods, by the number of parameters that they have at most in BullMQ's backends; without those
   * with a default.
   */
  readonly methods: readonly string[];
  /** What they have in common beside it. */
  readonly inner?: readonly string[];
}

/** A class, as far as it is looked at. */
export interface Backend {
  readonly prototype: object;
}

/** The versions of BullMQ at both ends of which `npm run test:peers` is green. A spec compares. */
export const KNOWN_VERSIONS = '6.7.0';

export const QUEUE_SEAM: BackendSeam = {
  what: 'the contract of queues and workers',
  why: 'the backend on SQLite is a third one beside those on Redis and PostgreSQL',
  provedBy: ['test/contract/backend/coverage.test.ts'],
  models: [RedisQueueBackend, PostgresQueueBackend],
  methods: [
    `clientName close disconnect disconnectBlocking getClientList getJobSchedulersCount getQueueMeta isMaxed
      moveStalledJobsToWait reconnectBlocking removeDeprecatedPriorityKey removeRateLimitKey waitUntilReady`,
    `addFlow addJobs changePriority deleteDeduplicationKey drain getCountsPerPriority getDeduplicationJobId
      getIgnoredChildrenFailures getJobData getJobScheduler getJobSchedulerData getMetrics getProcessedChildrenValues
      getQueueMetaField getQueueMetaFields getRanges getRateLimitTtl getState hasQueueMetaField isJobScheduler
      moveJobFromActiveToWait obliterate parseNodeKey pause promote promoteJobs removeJobScheduler
      removeQueueMetaFields removeUnprocessedChildren setName setQueueMeta setRateLimit toKey trimEvents waitForJob`,
    `addJob changeDelay cleanJobsByState clearLogs forQueue getCounts getDependencies getDependencyCounts isFinished
      isJobInState moveToActive paginate publishEvent readEvents remove removeChildDependency removeDeduplicationKey
      removeOrphanedJobs retryFinishedJob updateData updateProgress`,
    'addLog extendLocks getJobSchedulersRange moveToWaitingChildren retryFinishedJobs',
    'extendLock getJobLogs retryJob',
    'moveToCompleted moveToDelayed updateJobSchedulerNextMillis',
    'moveToFailed',
    'addJobScheduler',
  ],
};

export const RELAY_SEAM: BackendSeam = {
  what: 'the contract of relays',
  why: 'the relay on SQLite is a third one beside those on Redis and PostgreSQL',
  provedBy: ['libs/bullmq-sqlite/src/relay/relay.spec.ts'],
  models: [RedisRelayBackend, PostgresRelayBackend],
  methods: [
    'close getCounts getNamespaces interruptInbox waitUntilReady',
    'deleteRetained getNodeConnections sweep unregisterNode',
    'getNodes getPatterns getRetained heartbeat registerNode removeEndpoint',
    'getSubscriptions publish readInbox subscribe trimInbox',
  ],
  inner: ['inboxConnectionName'],
};

const fitting = new Set<BackendSeam>();

/**
 * Compares BullMQ's contract with what a backend of ours has; once in a process.
 * @throws BullmqChangedError when BullMQ's classes would call what is not there, or with parameters
 *   that are not known
 */
export function assertContract(seam: BackendSeam, ours: Backend): void {
  if (fitting.has(seam)) return;
  const differences = differencesIn(seam, ours).map((difference) => `${seam.what}: ${difference}`);
  if (differences.length > 0)
    throw new BullmqChangedError(installedVersion(), KNOWN_VERSIONS, differences);
  fitting.add(seam);
}

function differencesIn({ models, methods, inner = [] }: BackendSeam, ours: Backend): string[] {
  const known = new Map(
    methods.flatMap((names, count) => names.split(/\s+/).map((name) => [name, count] as const)),
  );
  const counts = models.map(parameterCounts);
  const own = parameterCounts(ours);
  const shared = [...counts[0]!.keys()].filter((name) => counts.every((of) => of.has(name)));
  const added = shared.filter((name) => !own.has(name) && !inner.includes(name));
  return [
    ...added.map((name) => `${name} expected of this backend, got nothing`),
    ...[...known].flatMap(([name, expected]) => {
      if (!shared.includes(name)) return [`${name} expected in those of BullMQ, got nothing`];
      const count = Math.max(...counts.map((of) => of.get(name)!));
      return count === expected ? [] : [`${name} expected ${expected} parameters, got ${count}`];
    }),
  ];
}

/** Of each method of a class. */
function parameterCounts({ prototype }: Backend): ReadonlyMap<string, number> {
  const members = Object.assign(
    {},
    ...ancestry(prototype).map(Object.getOwnPropertyDescriptors),
  ) as PropertyDescriptorMap;
  return new Map(
    Object.entries(members).flatMap(([name, { value }]) =>
      typeof value === 'function' && name !== 'constructor'
        ? [[name, (value as (...args: never[]) => unknown).length] as const]
        : [],
    ),
  );
}

/** A prototype and those that it extends, the last one first; without those of Node. */
function ancestry(prototype: object | null): readonly object[] {
  if (prototype === null || prototype === EventEmitter.prototype || prototype === Object.prototype)
    return [];
  return [...ancestry(Object.getPrototypeOf(prototype) as object | null), prototype];
}

/** For words alone: a bundle has no package to ask. */
function installedVersion(): string {
  try {
    return (createRequire(import.meta.url)('bullmq/package.json') as { version: string }).version;
  } catch {
    return '(of unknown version)';
  }
}
