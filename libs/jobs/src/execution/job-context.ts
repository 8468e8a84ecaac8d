import { Inject, Injectable } from '@nestjs/common';
import { currentJob } from '../calling/index.js';
import {
  PublicService,
  type JobInfo,
  type RecurringTick,
  type RunningJob,
} from '../contracts/index.js';
import { describeJob, NoJobContextError, StoreUnavailableError } from '../errors/index.js';
import { withDeadline } from '../lifecycle/index.js';
import {
  JOBS_OPTIONS,
  parseDuration,
  rules,
  show,
  type Duration,
  type ReturnedValue,
  type ResolvedOptions,
} from '../options/index.js';
import { toStorableResult, toStorableText } from '../payload/index.js';
import { Checkpoints } from './checkpoints.js';

const MAX_LINE = 8_192;

/**
 * The job that the calling code runs in. One injectable instance serves all jobs: it follows the
 * asynchronous call chain, so any provider can use it, and handlers keep their own parameters.
 *
 * @example
 * ```ts
 * constructor(private readonly context: JobContext) {}
 *
 * @Job()
 * async export(): Promise<void> {
 *   for await (const page of this.pages({ signal: this.context.signal })) {
 *     await this.context.progress(page.percent);
 *   }
 * }
 * ```
 * @publicApi
 */
@Injectable()
export class JobContext extends PublicService implements Omit<JobInfo, 'tick'> {
  constructor(
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
    private readonly checkpoints: Checkpoints,
  ) {
    super();
  }

  /** Whether the calling code runs in a job; all other members throw when it does not. */
  get isActive(): boolean {
    return currentJob.getStore() !== undefined;
  }

  /** @throws NoJobContextError outside a job, as every member below */
  get id(): string {
    return this.current('id').id;
  }

  get name(): string {
    return this.current('name').name;
  }

  /** `(process)` for a recurring job of the scope `process`, whose runs are in no queue. */
  get queue(): string {
    return this.current('queue').queue;
  }

  /** 1 for the first attempt. Shutdowns, crashes and waits do not count. */
  get attempt(): number {
    return this.current('attempt').attempt;
  }

  get attempts(): number {
    return this.current('attempts').attempts;
  }

  /** The tick that the job runs for; undefined unless it is a run of a recurring job. */
  get tick(): RecurringTick | undefined {
    const { tick, previousRun: previous } = this.current('tick');
    if (tick === undefined) return undefined;
    const { recurring, due, missed = 0, manual: isManual = false } = tick;
    return { recurring, due: new Date(due), isLate: missed > 0, missed, isManual, previous };
  }

  /**
   * Aborted when the job should stop; its `reason` is a JobTimeoutError, JobCancelledError,
   * ShutdownError or LockLostError. Give it to fetch, timers, streams and database calls.
   */
  get signal(): AbortSignal {
    return this.current('signal').signal;
  }

  /**
   * Stores how far the job is: a percentage, or any small object. (Of a recurring job of the scope
   * `process`, whose runs are stored nowhere, this and {@link log} go to the application's log.)
   * @throws StoreUnavailableError when the store does not answer within `enqueueTimeout`
   */
  progress(value: number | object): Promise<void> {
    const job = this.current('progress()');
    const { value: storable } = toStorableResult(value, this.options.maxPayloadBytes);
    return this.bounded('store the progress of', job, job.progress(storable as number | object));
  }

  /**
   * Appends a line to the job's own log, which is kept with it. The last 1,000 lines are kept, each
   * of at most 8,192 characters.
   * @throws StoreUnavailableError as {@link progress}
   */
  log(line: string): Promise<void> {
    const job = this.current('log()');
    return this.bounded('store a log line of', job, job.log(toStorableText(line, MAX_LINE)));
  }

  /**
   * Keeps the job's lock this much longer, before a stretch of work that blocks the event loop.
   * Otherwise the lock is renewed by itself.
   * @throws TypeError when `duration` is no duration
   */
  extend(duration: Duration): Promise<void> {
    const ms = parseDuration(duration);
    if (ms === undefined)
      throw new TypeError(`JobContext.extend() expected a duration, got ${String(duration)}`);
    const job = this.current('extend()');
    return this.bounded('extend the lock of', job, job.extend(ms));
  }

  /**
   * Does a step of the job once, however often the job is run: what `action` returns is stored, and
   * at every later attempt it is returned without a call. An `action` that throws has stored
   * nothing, and is called again at the next attempt. Calls with the same name in one run share one
   * call.
   *
   * A crash after the effect of `action` and before its result is stored lets it be called again.
   * What is returned is what was stored, the first time too (of an Observable its last value): as
   * with results of handlers, what cannot be kept as it is (class instances) is simplified, and
   * what is larger than `maxPayloadBytes` becomes undefined, with a warning. Kept until the job is
   * removed. In a recurring job of the scope `process`: for its one run.
   * @param name of the step, unique in the job: 1 to 256 characters
   * @throws TypeError when the name or the action is none; the reason of {@link signal}, when that
   *   was aborted before the action; StoreUnavailableError as {@link progress}; what `action`
   *   throws
   */
  once<T>(name: string, action: () => T | PromiseLike<T>): Promise<ReturnedValue<T>> {
    const job = this.current('once()');
    if (!rules.key.accepts(name))
      throw new TypeError(`JobContext.once() expected ${rules.key.expected}, got ${show(name)}`);
    if (typeof action !== 'function')
      throw new TypeError(`JobContext.once() expected a function, got ${show(action)}`);
    return this.checkpoints.once(job, name, action);
  }

  private bounded(action: string, job: RunningJob, call: Promise<void>): Promise<void> {
    const { enqueueTimeoutMs } = this.options;
    return withDeadline(
      call,
      enqueueTimeoutMs,
      () =>
        new StoreUnavailableError(
          `${action} ${describeJob(job)}`,
          `the store did not answer within ${enqueueTimeoutMs} ms`,
        ),
    );
  }

  private current(member: string): RunningJob {
    const job = currentJob.getStore();
    if (job === undefined) throw new NoJobContextError(member);
    return job;
  }
}
