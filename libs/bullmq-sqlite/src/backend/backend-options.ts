import type { KeepJobs, QueueBaseOptions, WorkerOptions } from 'bullmq';
import type { Claim } from '../jobs/claiming/claim-job.js';
import type { Retention } from '../jobs/finishing/finish.js';

const DEFAULT_PREFIX = 'bull';
const KEEP_ALL: Retention = { count: -1 };

/** BullMQ gives one backend the options of a queue, another one those of a worker. */
export type AnyOptions = QueueBaseOptions<unknown> & Partial<WorkerOptions<unknown>>;

/** The options of BullMQ's queue or worker that the backend needs, read once. */
export class BackendOptions {
  readonly prefix: string;
  readonly workerName: string | undefined;
  readonly claim: Pick<Claim, 'lockDuration' | 'limiter'>;
  readonly stalled: { maxStalledCount: number; stalledInterval: number };
  /** How many points of metrics to keep; undefined for no metrics. */
  readonly maxDataPoints: number | undefined;

  constructor(private readonly given: AnyOptions) {
    this.prefix = given.prefix ?? DEFAULT_PREFIX;
    this.workerName = given.name;
    this.claim = { lockDuration: given.lockDuration ?? 0, limiter: given.limiter };
    this.stalled = {
      maxStalledCount: given.maxStalledCount ?? 0,
      stalledInterval: given.stalledInterval ?? 0,
    };
    this.maxDataPoints = given.metrics?.maxDataPoints || undefined;
  }

  /** The same options for a queue under another prefix. */
  withPrefix(prefix: string): BackendOptions {
    return new BackendOptions({ ...this.given, prefix });
  }

  /** How many finished jobs stay: the job's own rule, else the worker's, else all. */
  keep(
    state: 'completed' | 'failed',
    shouldRemove: boolean | number | KeepJobs | undefined,
  ): Retention {
    if (typeof shouldRemove === 'object') return shouldRemove;
    if (typeof shouldRemove === 'number') return { count: shouldRemove };
    if (shouldRemove === undefined) {
      const { removeOnComplete, removeOnFail } = this.given;
      return (state === 'completed' ? removeOnComplete : removeOnFail) ?? KEEP_ALL;
    }
    return shouldRemove ? { count: 0 } : KEEP_ALL;
  }
}
