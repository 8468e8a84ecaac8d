import type { HandlerClass } from '../discovery/index.js';
import type { Duration } from '../options/index.js';
import type {
  EnqueueOptions,
  ScheduleOptions,
  EnqueueManyOptions,
  HandleOf,
} from '../enqueueing/index.js';

/**
 * How a batch ended. `completed`: each of its jobs did. `failed`: at least one failed for good.
 * `cancelled`: none failed, but at least one was cancelled or removed.
 * @publicApi
 */
export type BatchEnd = 'completed' | 'failed' | 'cancelled';

/**
 * How many jobs of a batch are where. A nested batch counts as one, and has ended when all of its
 * jobs have.
 * @publicApi
 */
export interface BatchProgress {
  readonly total: number;
  readonly completed: number;
  /** Failed for good: with no attempt left. */
  readonly failed: number;
  /** Cancelled, or removed before their end. */
  readonly cancelled: number;
  /** Not ended yet: they wait, run or will be tried again. */
  readonly pending: number;
}

/**
 * A batch that has ended, as its continuations get it.
 * @publicApi
 */
export interface BatchSummary {
  /** `JobScheduler.batches.get(id)` finds the batch, and with it the results of its jobs. */
  readonly id: string;
  readonly name: string | undefined;
  readonly state: BatchEnd;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly createdAt: Date;
  readonly finishedAt: Date;
}

/**
 * How one job of a batch ended, or a batch that is nested in it; the latter has no `queue`, and if
 * all of its jobs completed, its {@link BatchSummary} as the result.
 * @publicApi
 */
export type BatchResult =
  | {
      readonly queue: string | undefined;
      readonly id: string;
      readonly state: 'completed';
      readonly result: unknown;
    }
  | {
      readonly queue: string | undefined;
      readonly id: string;
      readonly state: 'failed' | 'cancelled';
      /** The message of the error. */
      readonly error: string;
    };

/**
 * A call that is enqueued when a batch has ended: a class, and a callback that makes one call of a
 * `@Job()` method of it. The callback runs when the batch is made: `batch` stands for the {@link
 * BatchSummary} that is not known yet. It can be passed on as an argument, whole or a property of
 * it; nothing else can be done with it.
 *
 * @example
 * ```ts
 * onFinished: [ReportService, (s, batch) => s.report(batch, month)]
 * ```
 * @publicApi
 */
export type BatchCallback<T extends object> = readonly [
  type: HandlerClass<T>,
  call: (service: T, batch: BatchSummary) => unknown,
];

/**
 * What becomes of a batch when all of its jobs have ended. Each continuation is enqueued once, by
 * the worker of any process, and again only if that process crashed before it could note so.
 * @publicApi
 */
export interface BatchOptions<
  C extends object = object,
  F extends object = object,
  E extends object = object,
> {
  /** For people: shown in messages and in the summary. At most 256 characters. */
  name?: string;
  /** Enqueued when every job has completed; at once for a batch without jobs. */
  onCompleted?: BatchCallback<C>;
  /**
   * Enqueued when all jobs have ended, and at least one of them failed for good or was cancelled.
   */
  onFailed?: BatchCallback<F>;
  /** Enqueued when all jobs have ended, however that was. */
  onFinished?: BatchCallback<E>;
}

/**
 * Collects the jobs of a batch. Nothing is stored, and no fault reported, before the callback that
 * got it has returned; the handles can be used once `batch()` has resolved.
 * @publicApi
 */
export interface BatchBuilder {
  /** Adds a job to the batch; as `JobScheduler.enqueue`. */
  enqueue<T extends object, R>(
    type: HandlerClass<T>,
    call: (service: T) => R,
    options?: EnqueueOptions,
  ): HandleOf<R>;
  /** Adds a job that runs later; as `JobScheduler.schedule`. The batch ends when it has run. */
  schedule<T extends object, R>(
    type: HandlerClass<T>,
    call: (service: T) => R,
    options: ScheduleOptions,
  ): HandleOf<R>;
  /** Adds a job for each item. */
  enqueueMany<T extends object, A, R>(
    type: HandlerClass<T>,
    items: Iterable<A>,
    call: (service: T, item: A) => R,
    options?: EnqueueManyOptions<A>,
  ): HandleOf<R>[];
  /** Adds a batch that counts as one job of this one, with continuations of its own. */
  batch<C extends object, F extends object, E extends object>(
    build: (nested: BatchBuilder) => unknown,
    options?: BatchOptions<C, F, E>,
  ): BatchHandle;
}

/**
 * A stored batch. What it tells is kept for 7 days after its end, whatever the retention of its
 * jobs. Holds no connection and needs no disposal.
 * @publicApi
 */
export interface BatchHandle {
  readonly id: string;
  readonly name: string | undefined;

  /** `running` until all jobs have ended; `removed` when the batch is not in the store. */
  state(): Promise<'running' | BatchEnd | 'removed'>;

  /** How many jobs have ended, and how. @throws BatchNotFoundError */
  progress(): Promise<BatchProgress>;

  /**
   * Waits until all jobs have ended and the continuations are enqueued.
   * @param options.timeout how long to wait; default 1 min
   * @param options.signal stops waiting, with the signal's reason
   * @returns how the batch ended; that a job failed is no error here
   * @throws ResultTimeoutError, BatchNotFoundError
   */
  finished(options?: { timeout?: Duration; signal?: AbortSignal }): Promise<BatchSummary>;

  /**
   * The jobs that have ended so far, with their results or errors, in no particular order; jobs
   * that were removed are left out. Read in pages, so that a batch of any size can be gone through.
   * @throws BatchNotFoundError
   */
  results(): AsyncIterableIterator<BatchResult>;

  /**
   * Cancels all jobs that have not ended, those of nested batches too: one that waits is removed,
   * one that runs has its signal aborted; `JobHandle.result()` throws a JobCancelledError for
   * either. The batch ends when the last one has stopped. Can be repeated, and should be when the
   * process crashed meanwhile.
   * @param reason kept in the errors
   * @returns how many jobs were cancelled
   * @throws BatchNotFoundError
   */
  cancel(reason?: string): Promise<number>;
}
