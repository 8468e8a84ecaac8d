import { Job, LockManager, Queue, Worker } from 'bullmq';
import { toNewJson } from '../engines/index.js';
import { assertSeams, differs, type Seam } from '../seams/index.js';
import { rehearseWorker, type BullmqClasses } from './worker-rehearsal.js';

/**
 * What is called of a worker that claims two jobs, of which the second fails, and then looks for
 * stalled jobs.
 */
const WAY = [
  'createLockManager number number string',
  'moveToActive token name',
  'backend.moveToActive token name',
  'nextJobFromJobData job:1 1 token',
  'fromJSON job:1 1',
  'processJob job:1 token function',
  'trackJob 1 token',
  'untrackJob 1',
  'handleCompleted result job:1 token function',
  'job.moveToCompleted result token true',
  'backend.moveToCompleted job:1 result undefined token true',
  'changed returnvalue attemptsMade finishedOn',
  'nextJobFromJobData job:2 2 token',
  'fromJSON job:2 2',
  'untrackJob 1',
  'processJob job:2 token function',
  'trackJob 2 token',
  'untrackJob 2',
  'handleFailed error:reason job:2 token function',
  'job.moveToFailed error:reason token false',
  'updateStacktrace error:reason',
  'backend.moveToFailed job:2 reason undefined token false failedReason,stacktrace,tm',
  'untrackJob 2',
  'trace moveStalledJobsToWait',
  'backend.moveStalledJobsToWait',
];

/** What `Job` hands on of a new job and `addJobs` does not. */
const LEFT_OUT = ['stacktrace'];

/** What we take of BullMQ's classes, on every engine. */
const CLASS_SEAMS: readonly Seam<BullmqClasses>[] = [
  {
    what: 'the way of a job through the worker',
    why:
      'a lock is held before a job runs and while its end is stored, a damaged job is read, and the end of a run is ' +
      'stored again when the store did not take it: by protected methods of the worker, the job and the lock manager',
    provedBy: [
      'libs/jobs/src/engines/safe-job.spec.ts',
      'test/contract/jobs/cpu-bound.test.ts',
      'test/contract/jobs/settlements.test.ts',
    ],
    differences: async (bullmq) => {
      const way = await rehearseWorker(bullmq);
      const at = Math.max(WAY.length, way.length);
      const first = Array.from({ length: at }, (_, i) => i).find((i) => way[i] !== WAY[i]);
      return first === undefined ? [] : differs(`step ${first + 1}`, WAY[first], way[first]);
    },
  },
  {
    what: 'fields of a new job',
    why: 'jobs are handed to the backend without a `Job`, which costs more than all else of an enqueue',
    provedBy: ['test/contract/jobs/enqueue.test.ts'],
    differences: (bullmq) => {
      const opts = { delay: 1, priority: 2, deduplication: { id: 'key' } };
      const queue = { toKey: String, qualifiedName: 'queue', backend: {}, opts: {} };
      const job = new bullmq.Job(queue as never, 'name', {}, opts, 'id');
      const ours = Object.keys(toNewJson({ id: 'id', name: 'name', data: {}, opts }));
      const theirs = Object.keys(job.asJSON());
      return differs(
        'that are left out',
        LEFT_OUT,
        theirs.filter((field) => !ours.includes(field)),
      );
    },
  },
  {
    what: 'members of the queue',
    why: 'it lists damaged jobs, and writes what is stored of it again when the store has lost it',
    provedBy: ['libs/jobs/src/engines/safe-job.spec.ts', 'test/contract/jobs/empty-store.test.ts'],
    differences: ({ Queue: { prototype } }) =>
      ['Job', 'metaValues'].flatMap((name) =>
        differs(name, 'a getter', isGetter(prototype, name) ? 'a getter' : 'none'),
      ),
  },
];

/**
 * @param changed what a spec puts in the place of BullMQ's
 * @throws LibraryChangedError
 * @internal
 */
export function assertBullmqClasses(changed: Partial<BullmqClasses> = {}): Promise<void> {
  return assertSeams('bullmq', { Job, LockManager, Queue, Worker, ...changed }, CLASS_SEAMS);
}

function isGetter(prototype: object, name: string): boolean {
  for (let owner: object | null = prototype; owner; owner = Reflect.getPrototypeOf(owner)) {
    const descriptor = Object.getOwnPropertyDescriptor(owner, name);
    if (descriptor !== undefined) return descriptor.get !== undefined;
  }
  return false;
}
