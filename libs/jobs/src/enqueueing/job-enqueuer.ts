import { PublicService } from '../contracts/index.js';
import type { Handler, HandlerClass, HandlerRegistry } from '../discovery/index.js';
import { DEFAULT_QUEUE, takeOptions, type ReturnedValue } from '../options/index.js';
import {
  readEnqueueOptions,
  readScheduleOptions,
  type EnqueueOptions,
  type ScheduleOptions,
} from './enqueue-options.js';
import { callFor, itemsOf } from './items.js';
import { recordInvocation } from './invocation-recorder.js';
import { JobHandle } from './job-handle.js';
import type { JobReader } from './job-reader.js';
import type { JobPreparer } from './job.preparer.js';
import type { EnqueuedJob, PreparedJob } from './prepared-job.js';

/**
 * What a handler's caller gets: the handle of a job whose result is what the method returns.
 * @publicApi
 */
export type HandleOf<R> = JobHandle<ReturnedValue<R>>;

/**
 * Options of each job of an `enqueueMany`: one for all, or made for each item.
 * @publicApi
 */
export type EnqueueManyOptions<A> = EnqueueOptions | ((item: A, index: number) => EnqueueOptions);

/** What enqueueing needs. @internal */
export interface EnqueueParts {
  readonly registry: HandlerRegistry;
  readonly preparer: JobPreparer;
  readonly reader: JobReader;
}

/**
 * The calls that store jobs. Shared by `JobScheduler`, which stores them by themselves, and by
 * `withTransaction()`, which stores them in a transaction of the application.
 * @publicApi
 */
export abstract class JobEnqueuer extends PublicService {
  /** @internal */
  constructor(private readonly parts: EnqueueParts) {
    super();
  }

  /**
   * Stores a prepared job. @returns the job that has its idempotency key, where it has one
   * @internal
   */
  protected abstract write(job: PreparedJob): Promise<EnqueuedJob | void>;
  /** Stores many prepared jobs; an outcome for each, in order. @internal */
  protected abstract writeMany(
    jobs: readonly PreparedJob[],
  ): Promise<PromiseSettledResult<EnqueuedJob | void>[]>;

  /**
   * Stores a call of a `@Job()` method, to be run as soon as a worker is free.
   * @param type the class, or the abstract class it is provided under
   * @param call makes exactly one call: `(s) => s.sendWelcome(id)`. Nothing runs now.
   * @returns the job's handle, once the store has confirmed the job
   * @throws InvalidInvocationError, InvalidEnqueueOptionsError, UnserializableValueError,
   *   PayloadTooLargeError, InvalidArgumentsError, DuplicateJobError, IdempotencyKeyReusedError,
   *   EnqueueUncertainError, StoreUnavailableError
   */
  async enqueue<T extends object, R>(
    type: HandlerClass<T>,
    call: (service: T) => R,
    options: EnqueueOptions = {},
  ): Promise<HandleOf<R>> {
    const prepared = this.prepare(type, call, options);
    const job = prepared instanceof Promise ? await prepared : prepared;
    return this.handle<R>((await this.write(job)) ?? job);
  }

  /**
   * Stores a call to be run later.
   * @param options when: `{ delay: '3 days' }` or `{ at: date }`; a date in the past means now
   * @throws as {@link enqueue}
   */
  async schedule<T extends object, R>(
    type: HandlerClass<T>,
    call: (service: T) => R,
    options: ScheduleOptions,
  ): Promise<HandleOf<R>> {
    const { handler, args } = this.record(type, call);
    const { preparer } = this.parts;
    const { options: own, delayMs } = readScheduleOptions(options, handler, preparer.storeNow());
    return this.store<R>(await preparer.prepare(handler, args, own, delayMs));
  }

  /**
   * Stores a job for each item, thousands in a few operations.
   * @returns an outcome for each item, in order: its handle, or why it was not stored. One bad item
   *   harms no other.
   * @throws InvalidInvocationError for items that are no iterable: a promise, what iterates
   *   asynchronously
   */
  async enqueueMany<T extends object, A, R>(
    type: HandlerClass<T>,
    items: Iterable<A>,
    call: (service: T, item: A) => R,
    options: EnqueueManyOptions<A> = {},
  ): Promise<PromiseSettledResult<HandleOf<R>>[]> {
    const prepared = await Promise.allSettled(
      Array.from(itemsOf(items), async (item, index) => {
        const own = typeof options === 'function' ? options(item, index) : options;
        return this.prepare(type, callFor(item, call), own);
      }),
    );
    const good = prepared.flatMap((p) => (p.status === 'fulfilled' ? [p.value] : []));
    const written = (await this.writeMany(good)).values();
    return prepared.map((p) => {
      if (p.status === 'rejected') return p;
      const outcome = written.next().value!;
      return outcome.status === 'rejected'
        ? outcome
        : { status: 'fulfilled', value: this.handle<R>(outcome.value ?? p.value) };
    });
  }

  /**
   * Stores a job by its stored name, for handlers that live in another service.
   * @param name the stored name, e.g. `EmailService.sendWelcome`
   * @param options `queue` is needed unless this process has the handler too
   * @throws as {@link enqueue}
   */
  async enqueueByName(
    name: string,
    args: readonly unknown[],
    options: EnqueueOptions & { delay?: ScheduleOptions['delay'] } = {},
  ): Promise<JobHandle> {
    const taken = takeOptions(options) as ScheduleOptions;
    const { registry, preparer } = this.parts;
    const { options: own, delayMs } =
      taken?.delay === undefined
        ? { options: readEnqueueOptions(taken, { name }), delayMs: 0 }
        : readScheduleOptions(taken, { name }, preparer.storeNow());
    const handler = registry.byName(name);
    const prepared =
      handler === undefined
        ? preparer.prepareByName(name, own.queue ?? DEFAULT_QUEUE, args, own, delayMs)
        : await preparer.prepare(handler, args, own, delayMs);
    return this.store(prepared);
  }

  /** A promise only where the handler has a schema: most enqueues need none. */
  private prepare<T extends object>(
    type: HandlerClass<T>,
    call: (service: T) => unknown,
    options: EnqueueOptions,
  ): PreparedJob | Promise<PreparedJob> {
    const { handler, args } = this.record(type, call);
    return this.parts.preparer.prepare(handler, args, readEnqueueOptions(options, handler), 0);
  }

  private record<T extends object>(
    type: HandlerClass<T>,
    call: (service: T) => unknown,
  ): { handler: Handler; args: readonly unknown[] } {
    const { methodName, args } = recordInvocation(type, call);
    return { handler: this.parts.registry.byMethod(type, methodName), args };
  }

  private async store<R>(job: PreparedJob): Promise<HandleOf<R>> {
    return this.handle<R>((await this.write(job)) ?? job);
  }

  private handle<R>(job: EnqueuedJob & Pick<PreparedJob, 'storedAs' | 'storedIn'>): HandleOf<R> {
    const { id, queue, name, result, storedAs = id, storedIn = queue } = job;
    return new JobHandle<ReturnedValue<R>>(storedAs, storedIn, name, this.parts.reader, result);
  }
}
