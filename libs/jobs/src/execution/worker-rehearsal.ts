import { EventEmitter } from 'node:events';
import type { IQueueBackend, Job, JobJson, LockManager, Queue, Worker } from 'bullmq';

/** What is looked at of BullMQ. @internal */
export interface BullmqClasses {
  readonly Job: typeof Job;
  readonly LockManager: typeof LockManager;
  readonly Queue: typeof Queue;
  readonly Worker: typeof Worker;
}

const STALLED_CHECK = 'moveStalledJobsToWait';

const STORED = { name: 'name', data: '{}', opts: {}, timestamp: 5, attemptsMade: 0 } as JobJson;

/**
 * Lets BullMQ's worker claim two jobs, of which one succeeds and one fails, without a store. What
 * is called of what `JobsWorker`, `SafeJob`, `JobLocks` and the backends override is noted in its
 * order.
 * @internal
 */
export async function rehearseWorker(bullmq: BullmqClasses): Promise<readonly string[]> {
  const notes: string[] = [];
  const note = (call: string, ...args: readonly unknown[]): void =>
    void notes.push([call, ...args.map(inWords)].join(' '));
  const Noting = notingWorker(bullmq, note);
  const backend = notingBackend(note);
  const options = { connection: {}, autorun: false, name: 'name' };
  const worker = new Noting('queue', run, options, () => backend);
  const first = await worker['moveToActive']('token', 'name');
  const second = await worker.processJob(first, 'token', () => true);
  await worker.processJob(second as Job, 'token', () => false);
  await worker['moveStalledJobsToWait']();
  return notes;
}

async function run(job: Job): Promise<string> {
  if (job.id === '2') throw new Error('reason');
  return 'result';
}

function claim(id: string): unknown[] {
  return [{ ...STORED, id }, id, 0, 0];
}

type Note = (call: string, ...args: readonly unknown[]) => void;

function notingWorker(
  bullmq: BullmqClasses,
  note: Note,
): typeof Worker<unknown, unknown, string, IQueueBackend> {
  class NotingJob<D, R, N extends string> extends bullmq.Job<D, R, N> {
    static override fromJSON<D, R, N extends string>(
      ...args: Parameters<typeof Job.fromJSON>
    ): Job<D, R, N> {
      note('fromJSON', ...args.slice(1));
      return super.fromJSON(...args);
    }

    protected override updateStacktrace(...args: [Error]): void {
      note('updateStacktrace', ...args);
      super.updateStacktrace(...args);
    }

    override async moveToCompleted(...args: [R, string, boolean?]): Promise<void | unknown[]> {
      note('job.moveToCompleted', ...args);
      const before = new Map(Object.entries(this));
      const result = await super.moveToCompleted(...args);
      const changes = Object.entries(this).filter(([field, value]) => value !== before.get(field));
      note('changed', ...changes.map(([field]) => field));
      return result;
    }

    override moveToFailed(...args: [Error, string, boolean?]): Promise<void | unknown[]> {
      note('job.moveToFailed', ...args);
      return super.moveToFailed(...args);
    }
  }

  class NotingLocks extends bullmq.LockManager {
    override trackJob(
      ...args: Parameters<LockManager['trackJob']>
    ): ReturnType<LockManager['trackJob']> {
      note('trackJob', ...args.slice(0, 2));
      return super.trackJob(...args);
    }

    override untrackJob(...args: [string]): void {
      note('untrackJob', ...args);
      super.untrackJob(...args);
    }
  }

  return class extends bullmq.Worker<unknown, unknown, string, IQueueBackend> {
    override get Job(): typeof Job {
      return NotingJob as typeof Job;
    }

    override trace(...args: Parameters<Worker['trace']>): never {
      if (args[1] === STALLED_CHECK) note('trace', args[1]);
      return args[3]() as never;
    }

    protected override createLockManager(): void {
      note(
        'createLockManager',
        typeof this.opts.lockDuration,
        typeof this.opts.lockRenewTime,
        typeof this.id,
      );
      this.lockManager = new NotingLocks(this, { lockDuration: 1, lockRenewTime: 1, workerId: '' });
    }

    override processJob(
      ...args: Parameters<Worker['processJob']>
    ): ReturnType<Worker['processJob']> {
      note('processJob', ...args);
      return super.processJob(...args);
    }

    protected override moveToActive(
      ...args: Parameters<Worker['moveToActive']>
    ): ReturnType<Worker['moveToActive']> {
      note('moveToActive', ...args);
      return super.moveToActive(...args);
    }

    protected override nextJobFromJobData(
      ...args: Parameters<Worker['nextJobFromJobData']>
    ): ReturnType<Worker['nextJobFromJobData']> {
      note('nextJobFromJobData', ...args);
      return super.nextJobFromJobData(...args);
    }

    protected override handleCompleted(
      ...args: Parameters<Worker['handleCompleted']>
    ): ReturnType<Worker['handleCompleted']> {
      note('handleCompleted', ...args.slice(0, 4));
      return super.handleCompleted(...args);
    }

    protected override handleFailed(
      ...args: Parameters<Worker['handleFailed']>
    ): ReturnType<Worker['handleFailed']> {
      note('handleFailed', ...args.slice(0, 4));
      return super.handleFailed(...args);
    }
  };
}

function notingBackend(note: Note): IQueueBackend {
  const answers: Record<string, (...args: never[]) => unknown> = {
    toKey: (type: string) => `queue:${type}`,
    waitUntilReady: async () => undefined,
    moveToActive: async () => claim('1'),
    moveToCompleted: async () => ({ result: claim('2'), finishedOn: 6 }),
    moveToFailed: async () => ({ result: undefined, finishedOn: 6 }),
    moveStalledJobsToWait: async () => [],
  };
  const noted = Object.entries(answers).map(([name, answer]) => {
    const isQuiet = name === 'toKey' || name === 'waitUntilReady';
    const call = (...args: never[]): unknown => {
      if (!isQuiet) note(`backend.${name}`, ...args);
      return answer(...args);
    };
    return [name, call];
  });
  const backend = { qualifiedName: 'queue', keys: {}, ...Object.fromEntries(noted) };
  return Object.assign(new EventEmitter(), backend);
}

function inWords(value: unknown): string {
  if (typeof value === 'function') return 'function';
  if (value instanceof Error) return `error:${value.message}`;
  if (typeof value !== 'object' || value === null) return String(value);
  const { id } = value as { id?: unknown };
  return typeof id === 'string' ? `job:${id}` : Object.keys(value).join(',');
}
