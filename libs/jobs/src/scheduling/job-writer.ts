import { Inject, Injectable } from '@nestjs/common';
import type { Job, Queue } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { QueueRegistry, SafeJob } from '../engines/index.js';
import {
  describeJob,
  DuplicateJobError,
  EnqueueUncertainError,
  JobsError,
} from '../errors/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { EnqueueBuffer } from './enqueue-buffer.js';
import type { PreparedJob } from './prepared-job.js';
import { StoreCalls } from './store-calls.js';

/**
 * Stores prepared jobs: one coalescing buffer for each queue.
 * @internal
 */
@Injectable()
export class JobWriter {
  private readonly buffers = new Map<string, EnqueueBuffer>();

  constructor(
    private readonly queues: QueueRegistry,
    private readonly calls: StoreCalls,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Stores a job. Resolves once the store has confirmed it.
   * @throws DuplicateJobError, EnqueueUncertainError, StoreUnavailableError
   */
  write(job: PreparedJob): Promise<void> {
    const added = this.bufferOf(job.queue).add(job);
    return job.data.nonce === undefined ? added : added.then(() => this.readBack(job));
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

  private bufferOf(name: string): EnqueueBuffer {
    let buffer = this.buffers.get(name);
    if (buffer === undefined) {
      const queue = this.queues.get(name);
      const target = {
        insert: (jobs: readonly PreparedJob[]) => insertJobs(queue, jobs),
        isConnectionError: (error: unknown) => this.engine.isConnectionError(error),
      };
      buffer = new EnqueueBuffer(target, this.options.enqueueTimeoutMs);
      this.buffers.set(name, buffer);
    }
    return buffer;
  }
}

/**
 * Stores jobs of one queue in one operation.
 * @internal
 */
export function insertJobs(queue: Queue, jobs: readonly PreparedJob[]): Promise<void> {
  const [first] = jobs;
  if (first !== undefined && jobs.length === 1) return insertOne(queue, first);
  return insertMany(queue, jobs);
}

function insertOne(queue: Queue, job: PreparedJob): Promise<void> {
  const { name, data, opts } = job;
  // `Queue.add` beneath its tracing, which costs as much as our own part of an enqueue.
  const added =
    queue.opts.telemetry === undefined
      ? SafeJob.create(queue, name, data, opts)
      : queue.add(name, data, opts);
  return added.then((stored) => assertAccepted(job, stored));
}

async function insertMany(queue: Queue, jobs: readonly PreparedJob[]): Promise<void> {
  const stored = await queue.addBulk(jobs.map(({ name, data, opts }) => ({ name, data, opts })));
  for (const [index, job] of jobs.entries()) assertAccepted(job, stored[index]);
}

/** The store answers with another id, or an error code in its place, when it did not take the job. */
function assertAccepted(job: PreparedJob, stored: Job | undefined): void {
  if (stored?.id === job.id) return;
  throw new JobRefusedError(job, stored?.id);
}

/**
 * A user-given id may have been taken already; BullMQ then resolves silently with the first job kept.
 * The nonce that is stored tells whose job it is.
 * @internal
 */
export async function assertStoredByUs(queue: Queue, job: PreparedJob): Promise<void> {
  const stored = (await queue.getJob(job.id)) as Job<{ nonce?: string } | null> | undefined;
  if (stored !== undefined && stored.data?.nonce !== job.data.nonce)
    throw new DuplicateJobError(job);
}

/** The store answered with something else than the id it was given. */
class JobRefusedError extends JobsError {
  constructor(job: PreparedJob, answer: string | undefined) {
    super(
      `The store refused ${describeJob(job)}: expected its id in the answer, got ${String(answer)}.`,
    );
  }
}
