import { Inject, Injectable } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { addJob, addJobs, QueueRegistry } from '../engines/index.js';
import {
  describeJob,
  DuplicateJobError,
  EnqueueUncertainError,
  JobsError,
} from '../errors/index.js';
import { StartContext } from '../lifecycle/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { EnqueueBuffer } from './enqueue-buffer.js';
import { JobLines } from './job-lines.js';
import type { PreparedJob } from './prepared-job.js';
import { StoreCalls, StoreClosedError } from './store-calls.js';
import { replaceOther } from './unique-jobs.js';
import { UniquePlaces } from './unique-places.js';

/**
 * Stores prepared jobs: one coalescing buffer for each queue, and one for those of its jobs that
 * take a ticket first.
 * @internal
 */
@Injectable()
export class JobWriter {
  private readonly buffers = new Map<string, EnqueueBuffer>();
  private readonly placing = new Map<string, EnqueueBuffer>();
  private lastPlaced: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly queues: QueueRegistry,
    private readonly calls: StoreCalls,
    private readonly lines: JobLines,
    private readonly places: UniquePlaces,
    private readonly start: StartContext,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Stores a job. Resolves once the store has confirmed it.
   * @throws DuplicateJobError, EnqueueUncertainError, StoreUnavailableError
   */
  write(job: PreparedJob): Promise<void> {
    if (this.engine.isClosed)
      return Promise.reject(new StoreClosedError(`store ${describeJob(job)}`));
    if (job.unique !== undefined) {
      if (!this.places.areKnown) return this.writeOnceKnown(job);
      const others = this.places.othersFor(job);
      if (others.length > 0) return this.writeUnlessIn(others, job);
    }
    if (job.unique !== undefined || job.concurrency !== undefined) return this.writeLimited(job);
    const added = this.bufferOf(job).add(job);
    return job.data.nonce === undefined ? added : added.then(() => this.readBack(job));
  }

  private async writeOnceKnown(job: PreparedJob): Promise<void> {
    await this.calls.read(`look for queues with jobs of the key of ${describeJob(job)}`, () =>
      this.places.follow(),
    );
    await this.write(job);
  }

  /**
   * Stores a unique job where a job of its key is, if there is one in another queue: the store
   * knows what to do there.
   */
  private writeUnlessIn(others: readonly string[], job: PreparedJob): Promise<void> {
    const key = job.opts.deduplication!.id;
    return this.places.alone(key, async () => {
      for (const queue of others) {
        const other = await this.calls.read(
          `look for a job of the key of ${describeJob(job)}`,
          () => this.queues.get(queue).getDeduplicationJobId(key),
        );
        if (other === null) continue;
        const there: PreparedJob = { ...job, queue };
        await this.writeLimited(there);
        job.storedAs = there.storedAs ?? job.id;
        job.storedIn = queue;
        return;
      }
      await this.writeLimited(job);
    });
  }

  private async writeLimited(job: PreparedJob): Promise<void> {
    try {
      await this.bufferOf(job).add(job);
      if (job.data.nonce !== undefined && job.storedAs === undefined) await this.readBack(job);
    } catch (error) {
      // The ticket of a job that may be stored is looked at later.
      if (job.concurrency !== undefined && error instanceof DuplicateJobError)
        this.lines.withdraw(job);
      throw error;
    }
    if (job.storedAs === undefined) return;
    if (job.concurrency !== undefined) this.lines.withdraw(job);
    await this.meetOther(job, job.storedAs);
  }

  /** There is a job of the same key. */
  private async meetOther(job: PreparedJob, otherId: string): Promise<void> {
    const { onDuplicate } = job.unique!;
    if (onDuplicate === 'throw')
      throw new DuplicateJobError({ ...job, id: otherId }, uniqueKeyOf(job));
    if (onDuplicate === 'skip') return;
    const queue = this.queues.get(job.queue);
    await this.calls.change(`replace ${describeJob({ ...job, id: otherId })}`, () =>
      replaceOther(queue, job, () => insertJobs(queue, [job])),
    );
  }

  private async readBack(job: PreparedJob): Promise<void> {
    try {
      await this.calls.read(`read back ${describeJob(job)}`, () =>
        assertStoredByUs(this.queues.get(job.queue), job),
      );
    } catch (error) {
      if (!this.calls.isUnavailable(error)) throw error;
      const reason = 'the store was lost before it could say whether the id was taken';
      throw new EnqueueUncertainError(job.id, job, reason, { cause: error });
    }
  }

  private bufferOf({ queue: name, concurrency }: PreparedJob): EnqueueBuffer {
    const buffers = concurrency === undefined ? this.buffers : this.placing;
    let buffer = buffers.get(name);
    if (buffer === undefined) {
      const queue = this.queues.get(name);
      const target = {
        insert:
          concurrency === undefined
            ? (jobs: readonly PreparedJob[]) => insertJobs(queue, jobs)
            : (jobs: readonly PreparedJob[]) => this.placeAndInsert(queue, jobs),
        isStored: async ({ id }: PreparedJob) => (await queue.getJob(id)) !== undefined,
        isConnectionError: (error: unknown) => this.engine.isConnectionError(error),
        refusalOf: (error: unknown) => this.engine.refusalOf(error),
        isClosed: () => this.engine.isClosed,
      };
      buffer = new EnqueueBuffer(target, this.options.enqueueTimeoutMs, this.start);
      buffers.set(name, buffer);
    }
    return buffer;
  }

  /** Tickets are taken in the order of the calls, whatever order their answers come in. */
  private async placeAndInsert(queue: Queue, jobs: readonly PreparedJob[]): Promise<void> {
    const placed = this.lastPlaced.then(() => this.lines.place(jobs));
    this.lastPlaced = placed.catch(() => undefined);
    try {
      const stored = await placed;
      await insertJobs(queue, stored);
      for (const [index, { storedAs }] of stored.entries()) {
        if (storedAs !== undefined) jobs[index]!.storedAs = storedAs;
      }
    } finally {
      this.lines.settle(jobs);
    }
  }
}

/**
 * Stores jobs of one queue in one operation. Of a job whose key is taken it notes who is there.
 * @internal
 */
export function insertJobs(queue: Queue, jobs: readonly PreparedJob[]): Promise<void> {
  const [first] = jobs;
  if (first !== undefined && jobs.length === 1)
    return addJob(queue, first).then((id) => assertAccepted(first, id));
  return insertMany(queue, jobs);
}

/** The key of a unique job as its handler made it. @internal */
export function uniqueKeyOf({ opts, unique }: PreparedJob): string {
  return opts.deduplication!.id.slice(unique!.group.length + 1);
}

async function insertMany(queue: Queue, jobs: readonly PreparedJob[]): Promise<void> {
  const ids = await addJobs(queue, jobs);
  for (const [index, job] of jobs.entries()) assertAccepted(job, ids[index]);
}

/**
 * The store answers with another id, or an error code in its place, when it did not take the job.
 */
function assertAccepted(job: PreparedJob, id: string | number | undefined): void {
  if (id === job.id) return;
  if (job.unique === undefined || typeof id !== 'string' || ERROR_CODE.test(id))
    throw new JobRefusedError(job, id);
  job.storedAs = id;
}

const ERROR_CODE = /^-\d+$/;

/**
 * A user-given id may have been taken already; BullMQ then resolves silently with the first job
 * kept. The nonce that is stored tells whose job it is.
 * @internal
 */
export async function assertStoredByUs(queue: Queue, job: PreparedJob): Promise<void> {
  const stored = (await queue.getJob(job.id)) as Job<{ nonce?: string } | null> | undefined;
  if (stored !== undefined && stored.data?.nonce !== job.data.nonce)
    throw new DuplicateJobError(job);
}

/** The store answered with something else than the id it was given. */
class JobRefusedError extends JobsError {
  constructor(job: PreparedJob, answer: string | number | undefined) {
    super(
      `The store refused ${describeJob(job)}: expected its id in the answer, got ${String(answer)}.`,
    );
  }
}
