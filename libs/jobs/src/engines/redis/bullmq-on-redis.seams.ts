import {
  QueueKeys,
  RedisConnection,
  RedisQueueBackend,
  type JobJson,
  type MinimalJob,
} from 'bullmq';
import { assertSeams, differs, otherParameters, type Seam } from '../../seams/index.js';
import { repairJob } from './redis-damaged-jobs.js';
import { bullmqScript, PROMOTE_KEYS } from './redis-turn-scripts.js';
import { TIME_AT } from './script-times.js';
import { RedisRehearsal, type BullmqOnRedis } from './redis-rehearsal.js';

/** What is taken for a time of now. */
const MOST_OFF_MS = 60_000;

/**
 * What is far from any time of now, whatever the clock says: near 1970, a small number could be
 * one.
 */
const FAR_MS = 86_400_000;

/** What sends each script that is told a time, with no other number near it. */
const TIMED: Readonly<
  Record<keyof typeof TIME_AT, (backend: RedisQueueBackend, now: number, other: number) => unknown>
> = {
  addJobScheduler: (backend, _now, other) =>
    backend.addJobScheduler('s', other, '{}', {}, { name: 's' }, {}),
  changeDelay: (backend, _now, other) => backend.changeDelay('id', other),
  cleanJobsInSet: (backend, now, other) => backend.cleanJobsByState('failed', now, other),
  getCounts: (backend, now) => backend.getCounts(['delayed'], now),
  moveJobsToWait: (backend, now, other) => backend.retryFinishedJobs('failed', other, now),
  moveStalledJobsToWait: (backend) => backend.moveStalledJobsToWait(),
  moveToActive: (backend) => backend.moveToActive('token'),
  moveToDelayed: (backend, now, other) => backend.moveToDelayed('id', now, other, 'token'),
  moveToFinished: (backend) => backend.moveToCompleted(job(), 'result', true, 'token', false),
  moveToWaitingChildren: (backend) => backend.moveToWaitingChildren('id', 'token', {}),
  releaseParentIfNoPendingDependencies: (backend) => backend.addFlow([childOfFlow()]),
  retryJob: (backend) => backend.retryJob('id', false, 'token'),
  updateJobScheduler: (backend, _now, other) =>
    backend.updateJobSchedulerNextMillis('s', other, '{}', {}),
};

/** A job's hash with every field that is read of a damaged one. */
const STORED = {
  name: 'name',
  data: '{"a":1}',
  opts: '{}',
  progress: '7',
  atm: '2',
  ats: '3',
  stc: '4',
  timestamp: '5',
  delay: '6',
  priority: '8',
  finishedOn: '9',
  processedOn: '10',
  failedReason: '"reason"',
  returnvalue: '"value"',
  stacktrace: '[]',
  parentKey: 'seams:queue:0',
  parent: '{"id":"0","queueKey":"seams:queue"}',
  rjk: 'scheduler',
  deid: 'key',
  pb: 'worker',
} as const;

/**
 * What `SafeRedisBackend` overrides, and how many parameters it has without a default. @internal
 */
export const OVERRIDDEN_ON_REDIS = {
  addJobToTransaction: 3,
  close: 0,
  disconnectBlocking: 0,
  execCommand: 3,
  forQueue: 2,
  getJobData: 1,
  getJobs: 1,
  moveToActive: 2,
  moveToCompleted: 5,
  moveToDelayed: 3,
  moveToFailed: 6,
  paginate: 2,
  reconnectBlocking: 0,
  retryJob: 2,
  waitForJob: 1,
} as const;

/** What we take of BullMQ on Redis. */
const REDIS_SEAMS: readonly Seam<BullmqOnRedis>[] = [
  {
    what: 'where scripts are told the time',
    why: "BullMQ sends this process's time; a fleet needs one clock, the server's, so it is changed on the way",
    provedBy: [
      'libs/jobs/src/engines/redis/redis-backend.spec.ts',
      'test/contract/jobs/set-clocks.test.ts',
    ],
    differences: async (bullmq) => {
      const rehearsal = new RedisRehearsal(bullmq);
      const found: (readonly string[])[] = [];
      for (const [script, act] of Object.entries(TIMED)) {
        const now = Date.now();
        const sent = await rehearsal.sentBy((backend) => act(backend, now, now + FAR_MS));
        const args = sent.find((one) => one.script === script)?.args ?? [];
        const place = TIME_AT[script as keyof typeof TIME_AT];
        found.push(differs(script, [place], timesIn(args, now, place)));
      }
      return found.flat();
    },
  },
  {
    what: 'how a job is added',
    why: 'the time at which it was added becomes that of the server, and large flows are added in several turns',
    provedBy: [
      'libs/jobs/src/engines/redis/redis-backend.spec.ts',
      'test/contract/backend/operations/flows.test.ts',
    ],
    differences: async (bullmq) => {
      const rehearsal = new RedisRehearsal(bullmq);
      await rehearsal.backend.addJob(jobJson(), '1');
      await rehearsal.backend.addJobs([{ job: jobJson(), jobId: '1' }]);
      await rehearsal.backend.addFlow([childOfFlow()]);
      const [one, ofMany, ofFlow] = rehearsal.added;
      return [
        differs('calls of addJobToTransaction', 3, rehearsal.added.length),
        differs('the job of addJob', 5, one?.[1].timestamp),
        differs('the job of addJobs', 5, ofMany?.[1].timestamp),
        differs('the job of addFlow', 5, ofFlow?.[1].timestamp),
        differs('the parent of addFlow', true, ofFlow?.[3]?.deferParentRelease),
        differs('the keys of addFlow', rehearsal.key('wait'), ofFlow?.[4]?.['wait']),
      ].flat();
    },
  },
  {
    what: 'what a claim answers',
    why: "times in it are brought back to this process's clock, and jobs that cannot be decoded are made readable",
    provedBy: ['libs/jobs/src/engines/redis/redis-backend.spec.ts'],
    differences: async (bullmq) => {
      const rehearsal = new RedisRehearsal(bullmq);
      rehearsal.reply = [Object.entries({ id: '1', ...STORED }).flat(), '1', 2, 3];
      const [claimed, ...rest] = await rehearsal.backend.moveToActive('token');
      const ours = repairJob('queue', '1', STORED).json;
      const { deferredFailure: _failure, ...fields } = ours;
      return [
        differs('after the job', ['1', 2, 3], rest),
        ...Object.entries(fields).map(([field, value]) =>
          differs(`"${field}"`, value, (claimed as Record<string, unknown>)[field]),
        ),
      ].flat();
    },
  },
  {
    what: 'names of keys',
    why: 'scripts of ours look at locks, active jobs and unique keys',
    provedBy: ['test/contract/jobs/cpu-bound.test.ts', 'test/contract/jobs/unique.test.ts'],
    differences: async (bullmq) => {
      const rehearsal = new RedisRehearsal(bullmq);
      const [lock] = await rehearsal.sentBy((backend) => backend.extendLock('1', 'token', 5));
      const [unique] = await rehearsal.sentBy((backend) =>
        backend.removeDeduplicationKey('d', '1'),
      );
      const [claim] = await rehearsal.sentBy((backend) => backend.moveToActive('token'));
      const key = (name: string): string => rehearsal.key(name);
      return [
        differs('a lock', [key('1:lock'), key('stalled'), 'token'], lock?.args.slice(0, 3)),
        differs('a unique key', [key('de:d'), '1'], unique?.args),
        differs('active jobs', key('active'), claim?.args[1]),
      ].flat();
    },
  },
  {
    what: 'the script "promote"',
    why: "a script of ours makes jobs ready in the same step in which they get their turn; BullMQ's cannot be called",
    provedBy: ['libs/jobs/src/engines/turn-store.spec.ts'],
    differences: async (bullmq) => {
      const rehearsal = new RedisRehearsal(bullmq);
      const [sent] = await rehearsal.sentBy((backend) => backend.promote('1'));
      const keys = PROMOTE_KEYS.map((name) => rehearsal.key(name));
      const script = bullmqScript('promote', bullmq.RedisConnection);
      return [
        differs('its text', true, (script?.lua.length ?? 0) > 0),
        differs('its keys', PROMOTE_KEYS.length, script?.numberOfKeys),
        differs('keys and arguments', [...keys, rehearsal.key(''), '1'], sent?.args),
      ].flat();
    },
  },
  {
    what: 'members of the connection',
    why: 'all queues of an application share one client, which BullMQ must neither ask nor close',
    provedBy: ['libs/jobs/src/engines/redis/redis-backend.spec.ts', 'test/e2e/store-lost.test.ts'],
    differences: ({ RedisConnection: { prototype } }) => [
      ...['redisVersion', 'databaseType', 'client'].flatMap((name) =>
        differs(name, 'a getter', kindOf(prototype, name)),
      ),
      ...['disconnect', 'reconnect', 'close'].flatMap((name) =>
        differs(name, 'a method', kindOf(prototype, name)),
      ),
    ],
  },
  {
    what: 'parameters of methods',
    why: '`SafeRedisBackend` overrides them and names each parameter: one that is new would be lost',
    provedBy: ['test/contract/backend/coverage.test.ts'],
    differences: ({ RedisQueueBackend: { prototype } }) =>
      otherParameters(prototype, OVERRIDDEN_ON_REDIS),
  },
];

/**
 * @param changed what a spec puts in the place of BullMQ's
 * @throws LibraryChangedError
 * @internal
 */
export function assertBullmqOnRedis(changed: Partial<BullmqOnRedis> = {}): Promise<void> {
  const bullmq = { QueueKeys, RedisConnection, RedisQueueBackend, ...changed };
  return assertSeams('bullmq', bullmq, REDIS_SEAMS);
}

/** Where times are. Near 1970 a flag could be one, so it counts only in the place of a time. */
function timesIn(args: readonly unknown[], now: number, place: number): number[] {
  return args.flatMap((arg, at) => {
    const isText = typeof arg === 'string' || typeof arg === 'number';
    const isTime = isText && Math.abs(Number(arg) - now) < MOST_OFF_MS;
    return isTime && (at === place || !FLAGS.has(String(arg))) ? [at] : [];
  });
}

/** What BullMQ sends by itself for yes, no and what is left out. */
const FLAGS = new Set(['1', '0', '']);

function kindOf(prototype: object, name: string): string {
  const descriptor = Object.getOwnPropertyDescriptor(prototype, name);
  if (descriptor === undefined) return 'nothing';
  return descriptor.get === undefined ? 'a method' : 'a getter';
}

function job(): MinimalJob {
  return { id: 'id', opts: {} } as MinimalJob;
}

function jobJson(): JobJson {
  return { id: '1', name: 'name', data: '{}', opts: {}, timestamp: 5 } as JobJson;
}

function childOfFlow(): Parameters<RedisQueueBackend['addFlow']>[0][number] {
  const jobData = { ...jobJson(), parent: { id: 'pid', queueKey: 'seams:queue' } };
  const parentKeyOpts = { parentKey: 'seams:queue:pid' };
  return { jobData, jobId: '1', parentKeyOpts, prefix: 'seams', queueName: 'queue' };
}
