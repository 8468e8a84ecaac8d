/** The queue of the benchmark. */
export const QUEUE = 'bench';

/** The stored name of its job. */
export const JOB_NAME = 'BenchHandler.run';

/** What both subjects are configured with: the module's defaults, spelled out for BullMQ. */
export const SETTINGS = {
  attempts: 10,
  backoff: { type: 'exponential', delay: 1_000 },
  removeOnComplete: { ageSeconds: 24 * 3_600, count: 10_000 },
  removeOnFail: { ageSeconds: 7 * 24 * 3_600, count: 50_000 },
  lockDurationMs: 15_000,
  sweepIntervalMs: 5_000,
  maxStalls: 5,
} as const;

/** The lock settings of the module, in BullMQ's words. */
export const WORKER_OPTIONS = {
  lockDuration: SETTINGS.lockDurationMs,
  stalledInterval: SETTINGS.sweepIntervalMs,
  maxStalledCount: SETTINGS.maxStalls,
} as const;

/** The argument of each job: about what a job of an application carries. */
export interface Payload {
  readonly index: number;
  readonly userId: string;
  readonly subject: string;
}

/** The payload of the job with this index. */
export function payloadOf(index: number): Payload {
  return {
    index,
    userId: '0199f3a2-6c1e-7d00-a1b2-c3d4e5f60718',
    subject: 'Your order has been shipped',
  };
}
