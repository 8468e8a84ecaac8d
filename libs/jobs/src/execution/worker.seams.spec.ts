import { Job, LockManager, Queue, Worker, type IQueueBackend } from 'bullmq';
import { describe, expect, it } from 'vitest';
import { LibraryChangedError } from '../errors/index.js';
import type { BullmqClasses } from './worker-rehearsal.js';
import { assertBullmqClasses as assert } from './worker.seams.js';

/** What a changed BullMQ is refused with. */
async function refusal(shape: Partial<Record<keyof BullmqClasses, unknown>>): Promise<string> {
  const error: unknown = await assert(shape as Partial<BullmqClasses>).catch(
    (refused: unknown) => refused,
  );
  expect(error).toBeInstanceOf(LibraryChangedError);
  const { differences } = error as LibraryChangedError;
  expect(differences).toHaveLength(1);
  return differences[0]!;
}

const WAY = 'the way of a job through the worker';

type Any = unknown[];
type Members = Record<string, (...args: Any) => unknown>;

/** A class with other methods; they find those of BullMQ in `original`. */
function changed<Class extends new (...args: never[]) => object>(
  Base: Class,
  methods: (original: Members) => Members,
): Class {
  const Changed = class extends (Base as new (...args: never[]) => object) {};
  Object.assign(Changed.prototype, methods(Base.prototype as Members));
  return Changed as Class;
}

describe("BullMQ's classes", () => {
  it('are as they are relied on', async () => {
    await expect(assert()).resolves.toBeUndefined();
  });

  it('are refused when jobs are made another way', async () => {
    class Changed extends Worker<unknown, unknown, string, IQueueBackend> {
      protected override createJob(...[json, id]: Parameters<Worker['createJob']>): Job {
        return Job.fromJSON(this, json, id);
      }
    }
    expect(await refusal({ Worker: Changed })).toBe(
      `${WAY}: step 5 expected "fromJSON job:1 1", got "processJob job:1 token function"`,
    );
  });

  it('are refused when the end of a run is handed on otherwise', async () => {
    const Changed = changed(Worker, ({ processJob }) => ({
      processJob(this: Members, job: unknown, token: unknown, next: unknown) {
        const { handleCompleted } = this;
        const value = (result: unknown, ended: unknown, _token: unknown, ...rest: Any) =>
          handleCompleted!.call(this, result, ended, 'another', ...rest);
        const shifted = Object.create(this, { handleCompleted: { value } }) as object;
        return processJob!.call(shifted, job, token, next);
      },
    }));
    expect(await refusal({ Worker: Changed })).toContain(
      `${WAY}: step 9 expected "handleCompleted result job:1 token function", got "handleCompleted result job:1 another function"`,
    );
  });

  it('are refused when the lock is let go later', async () => {
    const Changed = changed(Worker, ({ processJob }) => ({
      processJob(this: { lockManager: Members }, ...args: Any) {
        const { lockManager } = this;
        const quiet = Object.create(lockManager, {
          untrackJob: { value: () => undefined },
        }) as object;
        return processJob!.call(Object.create(this, { lockManager: { value: quiet } }), ...args);
      },
    }));
    expect(await refusal({ Worker: Changed })).toContain(
      `${WAY}: step 8 expected "untrackJob 1", got`,
    );
  });

  it('are refused when the end of a job changes more of it', async () => {
    const Changed = changed(Job, ({ moveToCompleted }) => ({
      async moveToCompleted(this: Record<string, unknown>, ...args: Any) {
        const result = await moveToCompleted!.call(this, ...args);
        this['region'] = 'eu';
        return result;
      },
    }));
    expect(await refusal({ Job: Changed })).toBe(
      `${WAY}: step 12 expected "changed returnvalue attemptsMade finishedOn", ` +
        'got "changed returnvalue attemptsMade finishedOn region"',
    );
  });

  it('are refused when stacks are kept another way', async () => {
    const Changed = changed(Job, ({ updateStacktrace }) => ({
      moveToFailed(this: Members, ...args: Any) {
        const own = Object.create(this, {
          updateStacktrace: { value: updateStacktrace },
        }) as object;
        return Job.prototype.moveToFailed.apply(own as Job, args as never);
      },
    }));
    expect(await refusal({ Job: Changed })).toContain(
      `${WAY}: step 21 expected "updateStacktrace error:reason", got "backend.moveToFailed`,
    );
  });

  it('are refused when the check for stalled jobs has another name', async () => {
    const Changed = changed(Worker, ({ trace }) => ({
      trace(this: object, kind: unknown, operation: unknown, ...args: Any) {
        return trace!.call(this, kind, operation, ...args);
      },
      async moveStalledJobsToWait(this: Members & { backend: Members }) {
        await this['trace']!(0, 'sweepStalledJobs', '', () =>
          this.backend['moveStalledJobsToWait']!(),
        );
      },
    }));
    expect(await refusal({ Worker: Changed })).toBe(
      `${WAY}: step 24 expected "trace moveStalledJobsToWait", got "backend.moveStalledJobsToWait"`,
    );
  });

  it('are refused when a new job has a new field', async () => {
    const Changed = changed(Job, ({ asJSON }) => ({
      asJSON(this: object) {
        return { ...(asJSON!.call(this) as object), region: 'eu' };
      },
    }));
    expect(await refusal({ Job: Changed })).toBe(
      'fields of a new job: that are left out expected ["stacktrace"], got ["stacktrace","region"]',
    );
  });

  it('are refused without a member of the queue', async () => {
    const Changed = changed(Queue, () => ({}));
    Object.defineProperty(Changed.prototype, 'metaValues', { value: {} });
    expect(await refusal({ Queue: Changed })).toBe(
      'members of the queue: metaValues expected "a getter", got "none"',
    );
  });

  it('are refused without a lock manager', async () => {
    expect(await refusal({ LockManager: undefined })).toContain(
      `${WAY}: expected that it can be tried out, got Class extends value undefined`,
    );
    expect(LockManager).toBeDefined();
  });
});
