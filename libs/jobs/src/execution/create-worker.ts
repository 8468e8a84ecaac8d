import type { Job, Processor, WorkerOptions } from 'bullmq';
import type { Engine } from '../contracts/index.js';
import type { ResolvedOptions, ResolvedQueueOptions } from '../options/index.js';
import type { ClaimYield } from './claim-yield.js';
import { JobsWorker } from './jobs-worker.js';

/** After a connection error, a worker tries again this soon. */
const RECONNECT_PAUSE_MS = 1_000;

/** Works out the pause after a failed attempt; -1 = fail for good. @internal */
export type BackoffStrategy = (attemptsMade: number, error: Error, job: Job) => number;

/** Makes the worker of a queue; it does not run yet. @internal */
export function createWorker(
  queue: string,
  processor: Processor,
  backoff: BackoffStrategy,
  engine: Engine,
  options: ResolvedOptions,
  yielding: ClaimYield,
): JobsWorker {
  const { concurrency, rateLimit }: ResolvedQueueOptions = options.queues.get(queue) ?? {
    concurrency: options.concurrency,
    rateLimit: undefined,
  };
  const workerOptions: WorkerOptions = {
    ...engine.bullmqOptions,
    autorun: false,
    concurrency,
    lockDuration: options.lockDurationMs,
    stalledInterval: options.sweepIntervalMs,
    maxStalledCount: options.maxStalls,
    runRetryDelay: RECONNECT_PAUSE_MS,
    settings: {
      backoffStrategy: (attemptsMade, _type, error, job) =>
        backoff(attemptsMade, error!, job as Job),
    },
    ...(rateLimit && { limiter: { max: rateLimit.max, duration: rateLimit.perMs } }),
  };
  const backendFactory = yielding.in(queue, engine.backendFactory);
  return new JobsWorker(queue, processor, workerOptions, backendFactory);
}
