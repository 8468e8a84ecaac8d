import { Inject, Injectable } from '@nestjs/common';
import type { Job } from 'bullmq';
import { JOBS_ENGINE, type Engine } from '../contracts/index.js';
import {
  CANCEL_CHANNEL,
  cancelRequests,
  parseMessage,
  type CancelRequest,
} from '../coordination/index.js';
import type { ManagedService } from '../lifecycle/index.js';
import { JOBS_OPTIONS, type ResolvedOptions } from '../options/index.js';
import { monotonicNow } from '../timers/index.js';
import type { JobRun } from './job-run.js';
import { RunningJobs } from './running-jobs.js';

/** A request that arrives just before its job is claimed must still be seen by the claim. */
const REMEMBER_MS = 60_000;

/**
 * Hears cancel requests from every process and aborts the jobs of this one.
 * @internal
 */
@Injectable()
export class CancellationsService implements ManagedService {
  readonly name = 'cancellations';
  /** When requests were heard, oldest first. */
  private readonly recent = new Map<string, number>();
  private unsubscribe: (() => Promise<void>) | undefined;

  constructor(
    private readonly running: RunningJobs,
    @Inject(JOBS_ENGINE) private readonly engine: Engine,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  async start(): Promise<void> {
    this.unsubscribe = await this.engine.store.subscribe(CANCEL_CHANNEL, (message) =>
      this.hear(message),
    );
  }

  async stop(): Promise<void> {
    await this.unsubscribe?.();
    this.unsubscribe = undefined;
    this.recent.clear();
  }

  /** Whether a request was heard lately for a job that is being claimed now. */
  wasHeardFor(queue: string, id: string): boolean {
    return this.recent.size > 0 && this.recent.has(keyOf(queue, id));
  }

  /**
   * The request in force for a job: one that was heard may have been withdrawn by a retry since, or
   * meant an earlier job with the same id.
   */
  async storedFor({ queueName, id, timestamp }: Job): Promise<CancelRequest | undefined> {
    const request = await cancelRequests.find(this.engine.store, { queue: queueName, id: id! });
    return request?.enqueuedAt === timestamp ? request : undefined;
  }

  /** Reads the stored requests of these jobs; called at each renewal of their locks. */
  async recheck(queue: string, ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const run = this.running.find(queue, id);
      const request = run && (await this.storedFor(run.job));
      if (run && request) this.abort(run, request);
    }
  }

  private hear(message: string): void {
    const request = parseRequest(message);
    if (request === undefined) return;
    this.forgetOld();
    this.recent.set(keyOf(request.queue, request.id), monotonicNow());
    const run = this.running.find(request.queue, request.id);
    if (run?.job.timestamp === request.enqueuedAt) this.abort(run, request);
  }

  private abort(run: JobRun, request: CancelRequest): void {
    run.unrecoverable = true;
    run.abortWithin(cancelRequests.toError(request, run), this.options.abortTimeoutMs);
  }

  private forgetOld(): void {
    const oldest = monotonicNow() - REMEMBER_MS;
    for (const [key, heardAt] of this.recent) {
      if (heardAt >= oldest) return;
      this.recent.delete(key);
    }
  }
}

function keyOf(queue: string, id: string): string {
  return `${queue}:${id}`;
}

/** Anyone who may write to the store may publish; what is no request is no reason to crash. */
function parseRequest(message: string): CancelRequest | undefined {
  const request = parseMessage(message) as Partial<CancelRequest> | null | undefined;
  return request?.queue && request.id ? (request as CancelRequest) : undefined;
}
