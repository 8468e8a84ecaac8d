import type { Job } from 'bullmq';
import { HandlerRun } from '../calling/index.js';
import type { RecurringRun, StoredJob, StoredKey, StoredTick } from '../contracts/index.js';
import type { Handler } from '../discovery/index.js';
import type { StoredPayload } from '../payload/index.js';
import type { JobLocks } from './job-locks.js';

/**
 * One run of one job, from claim to settlement.
 * @internal
 */
export class JobRun extends HandlerRun {
  /**
   * BullMQ's `attemptsStarted` also counts parks and give-backs; attempts that were made do not.
   * Kept, since BullMQ counts this attempt on the job itself when it settles it.
   */
  readonly attempt: number;
  /** The pause that was chosen after a failed attempt; -1 = no other attempt. */
  retryInMs: number | undefined;
  /** Why the handler was not called for a job that was completed all the same. */
  skipped: string | undefined;
  previousRun: RecurringRun | undefined;
  onExtended: ((durationMs: number) => Promise<void>) | undefined;
  /** What the handler threw, before it was made storable: `retryIf` wants to see its class. */
  thrown: unknown;

  constructor(
    readonly job: Job<StoredPayload>,
    readonly token: string,
    readonly handler: Handler,
    /** Those of its worker; none in tests of a run alone. */
    readonly locks?: JobLocks,
  ) {
    super();
    this.attempt = job.attemptsMade + 1;
  }

  get id(): string {
    return this.job.id!;
  }

  get name(): string {
    return this.job.name;
  }

  get queue(): string {
    return this.job.queueName;
  }

  get attempts(): number {
    return this.job.opts.attempts ?? 1;
  }

  get enqueuedAt(): number {
    return this.job.timestamp;
  }

  get idempotency(): StoredKey | undefined {
    return this.job.data.idempotency;
  }

  get stored(): StoredJob {
    return { options: this.job.opts, claims: this.job.attemptsStarted, payload: this.job.data };
  }

  get tick(): StoredTick | undefined {
    return this.job.data.tick;
  }

  get parentKey(): string | undefined {
    return this.job.parentKey;
  }

  get context(): unknown {
    return this.job.data.context;
  }

  progress(value: number | object): Promise<void> {
    return this.job.updateProgress(value);
  }

  async log(line: string): Promise<void> {
    await this.job.log(line);
  }

  async extend(durationMs: number): Promise<void> {
    await this.locks?.renewOverdue(this.id);
    await this.job.extendLock(this.token, durationMs);
    await this.onExtended?.(durationMs);
  }
}

const RUN = Symbol('nestjs-jobs:run');

/** Notes the run of a claimed job on the job itself, which BullMQ's events hand back. @internal */
export function rememberRun(job: object, run: JobRun): void {
  (job as { [RUN]?: JobRun })[RUN] = run;
}

/** The run of a job that this process claimed. @internal */
export function runOf(job: object): JobRun | undefined {
  return (job as { [RUN]?: JobRun })[RUN];
}
