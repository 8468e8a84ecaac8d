import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import { cancelRequests } from '../coordination/index.js';
import { QueueRegistry } from '../engines/index.js';
import { JobCancelledError } from '../errors/index.js';
import type { StoredChild } from './hub-queue.js';

/** An error as it is handed on: what is stored of it. @internal */
export interface StoredError {
  readonly name: string;
  readonly message: string;
}

/** How a job ended. `cancelled` stands for removed, too. @internal */
export type JobOutcome =
  | {
      readonly status: 'completed';
      /** In its stored form. */
      readonly result: unknown;
    }
  | { readonly status: 'failed' | 'cancelled'; readonly error: StoredError };

/**
 * Reads how the children of a hub ended. A hub is also released by a removal of its child, so what
 * is not known to have completed is never taken for it.
 * @internal
 */
@Injectable()
export class ChildOutcomes {
  constructor(
    private readonly queues: QueueRegistry,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
  ) {}

  /** @returns undefined when the child has not ended, or runs once more */
  async of(hub: Job, child: StoredChild): Promise<JobOutcome | undefined> {
    const key = this.queues.get(child.queue).toKey(child.id);
    // What a child told its parent at its end is still there when the child is not.
    const { processed = {}, ignored = {} } = await hub.getDependencies();
    if (Object.hasOwn(processed, key)) return { status: 'completed', result: processed[key] };
    if (Object.hasOwn(ignored, key)) return this.failed(child, ignored[key] as string);
    return this.stored(child);
  }

  /** How a job ended by what is stored of it, whatever its parent was told. */
  async stored(child: StoredChild): Promise<JobOutcome | undefined> {
    const queue = this.queues.get(child.queue);
    const state = await queue.getJobState(child.id);
    if (state === 'unknown') return { status: 'cancelled', error: await this.removal(child) };
    if (state !== 'completed' && state !== 'failed') return undefined;
    const job = await queue.getJob(child.id);
    // Gone, or running again, since the state was read.
    if (job?.finishedOn === undefined) return undefined;
    return state === 'completed'
      ? { status: 'completed', result: job.returnvalue }
      : this.failed(child, job.failedReason, job);
  }

  private async failed(
    child: StoredChild,
    message: string,
    known?: Job,
  ): Promise<JobOutcome | undefined> {
    const request = await cancelRequests.find(this.engine.store, child);
    const job = known ?? (await this.queues.get(child.queue).getJob(child.id));
    const cancelled = (job?.data as { cancelled?: { reason?: string } } | undefined)?.cancelled;
    const error = cancelRequests.endedBy(message, [request, cancelled], child);
    if (error !== undefined) return { status: 'cancelled', error: toStoredError(error) };
    return { status: 'failed', error: { name: nameOf(job, message), message } };
  }

  private async removal(child: StoredChild): Promise<StoredError> {
    const request = await cancelRequests.find(this.engine.store, child);
    return toStoredError(
      request
        ? cancelRequests.toError(request, child)
        : new JobCancelledError(child, 'it was removed'),
    );
  }
}

function toStoredError({ name, message }: Error): StoredError {
  return { name, message };
}

/** BullMQ stores no name of an error, but its stack starts with it. */
function nameOf(job: Job | undefined, message: string): string {
  const stack = job?.stacktrace?.at(-1) ?? '';
  const end = stack.indexOf(`: ${message}`);
  const name = end > 0 ? stack.slice(0, end) : '';
  return /^[\w$.]{1,128}$/.test(name) ? name : 'Error';
}
