import type { HandlerClass, HandlerRegistry } from '../discovery/index.js';
import {
  DuplicateJobError,
  InvalidEnqueueOptionsError,
  InvalidInvocationError,
  describeBatch,
  type BatchFault,
} from '../errors/index.js';
import {
  checkOptions,
  DEFAULT_QUEUE,
  show,
  takeOptions,
  type Rule,
  type Rules,
} from '../options/index.js';
import {
  callFor,
  itemsOf,
  JobHandle,
  newJobId,
  recordInvocation,
  readEnqueueOptions,
  readScheduleOptions,
  type DueOptions,
  type EnqueueManyOptions,
  type EnqueueOptions,
  type HandleOf,
  type JobPreparer,
  type JobReader,
  type PreparedJob,
  type ScheduleOptions,
} from '../enqueueing/index.js';
import type { BatchBuilder, BatchHandle, BatchOptions } from './batch.js';
import { recordCall } from './batch-call.js';
import type { BatchEvent, StoredCall } from './stored-batch.js';

/** A job of a batch, and what it is called in messages. @internal */
export interface BatchPart {
  /** `job 3`, or `batch 1, job 2`. */
  readonly part: string;
  readonly job: PreparedJob;
}

/** What recording needs; a batch shares it with those that are nested in it. @internal */
export interface RecorderParts {
  /** BullMQ's `timestamp` of all jobs: a cancel request names a job by it. */
  readonly createdAt: number;
  /** Ids that the application gave to jobs of the batch. */
  readonly takenIds: Set<string>;
  readonly registry: HandlerRegistry;
  readonly preparer: JobPreparer;
  readonly reader: JobReader;
  readonly handleOf: (id: string, name: string | undefined) => BatchHandle;
}

/** `BatchOptions` before they are checked. */
type GivenOptions = Readonly<Partial<Record<'name' | BatchEvent, unknown>>>;

const EVENTS: readonly BatchEvent[] = ['onCompleted', 'onFailed', 'onFinished'];

const ANY: Rule = { expected: 'a continuation', accepts: () => true };

const RULES: Rules<BatchOptions> = {
  name: {
    expected: 'a string of 1 to 256 characters',
    accepts: (v) => typeof v === 'string' && v.length > 0 && v.length <= 256 && !/\p{Cc}/u.test(v),
  },
  onCompleted: ANY,
  onFailed: ANY,
  onFinished: ANY,
};

/** A key may be that of another job, which cannot become a part of the batch. */
const KEY_IN_BATCH =
  'options: "idempotencyKey" expected an enqueue outside a batch; in one, give "id", which is stored once';

/** The other job cannot become a part of the batch. */
const UNIQUE_IN_BATCH =
  'expected a job outside a batch for `unique`; in one, give "id", which is stored once';

/**
 * Collects the parts of a batch, and every fault of them, before anything is stored.
 * @internal
 */
export class BatchRecorder implements BatchBuilder {
  readonly id = newJobId();
  readonly name: string | undefined;
  readonly nested: BatchRecorder[] = [];
  readonly calls: Partial<Record<BatchEvent, StoredCall>> = {};
  private readonly prepared: (PreparedJob | undefined)[] = [];
  private readonly pending: Promise<void>[] = [];
  private readonly found: BatchFault[] = [];
  private isClosed = false;

  constructor(
    given: GivenOptions,
    private readonly parts: RecorderParts,
  ) {
    const options = takeOptions(given);
    this.name = typeof options?.name === 'string' ? options.name : undefined;
    this.attempt('options', () => {
      const problems = checkOptions(options, RULES, 'options');
      if (problems.length > 0) throw new InvalidEnqueueOptionsError(problems, {});
    });
    for (const event of EVENTS) {
      const callback = options?.[event];
      if (callback === undefined) continue;
      this.attempt(event, () => (this.calls[event] = recordCall(this, event, callback, parts)));
    }
  }

  get createdAt(): number {
    return this.parts.createdAt;
  }

  /** The jobs, in the order of the calls. */
  get jobs(): readonly PreparedJob[] {
    return this.prepared.filter((job) => job !== undefined);
  }

  /** The jobs, those of nested batches too. */
  get allJobs(): readonly BatchPart[] {
    const own = this.jobs.map((job, index) => ({ part: `job ${index + 1}`, job }));
    const inner = this.nested.flatMap((batch, index) =>
      batch.allJobs.map(({ part, job }) => ({ part: `batch ${index + 1}, ${part}`, job })),
    );
    return [...own, ...inner];
  }

  /** Every fault, those of nested batches too. */
  get faults(): readonly BatchFault[] {
    const inner = this.nested.flatMap((batch, index) =>
      batch.faults.map(({ part, error }) => ({ part: `batch ${index + 1}, ${part}`, error })),
    );
    return [...this.found, ...inner];
  }

  /** Lets the application add its parts. What it throws is thrown. */
  async record(build: (batch: BatchBuilder) => unknown): Promise<void> {
    try {
      if (typeof build === 'function') await build(this);
      else this.note('callback', noCallback(build));
    } finally {
      this.isClosed = true;
    }
    await Promise.all(this.pending);
  }

  enqueue<T extends object, R>(
    type: HandlerClass<T>,
    call: (service: T) => R,
    options: EnqueueOptions = {},
  ): HandleOf<R> {
    return this.add(type, call, enqueued(options));
  }

  schedule<T extends object, R>(
    type: HandlerClass<T>,
    call: (service: T) => R,
    options: ScheduleOptions,
  ): HandleOf<R> {
    return this.add(type, call, (location) =>
      readScheduleOptions(options, location, this.parts.preparer.storeNow()),
    );
  }

  enqueueMany<T extends object, A, R>(
    type: HandlerClass<T>,
    items: Iterable<A>,
    call: (service: T, item: A) => R,
    options: EnqueueManyOptions<A> = {},
  ): HandleOf<R>[] {
    this.refuseIfClosed();
    const known = this.attempt('enqueueMany', () => itemsOf(items)) ?? [];
    return Array.from(known, (item, index) =>
      this.add(type, callFor(item, call), (location) =>
        enqueued(typeof options === 'function' ? options(item, index) : options)(location),
      ),
    );
  }

  batch<C extends object, F extends object, E extends object>(
    build: (nested: BatchBuilder) => unknown,
    options: BatchOptions<C, F, E> = {},
  ): BatchHandle {
    this.refuseIfClosed();
    const nested = new BatchRecorder(options, this.parts);
    this.nested.push(nested);
    const recorded = nested.record(build);
    // It is awaited when this batch's own callback has returned; if that throws, it is not.
    recorded.catch(() => undefined);
    this.pending.push(recorded);
    return this.parts.handleOf(nested.id, nested.name);
  }

  private add<T extends object, R>(
    type: HandlerClass<T>,
    call: (service: T) => R,
    read: OptionsReader,
  ): HandleOf<R> {
    this.refuseIfClosed();
    const place = this.prepared.push(undefined) - 1;
    const part = `job ${place + 1}`;
    const stored = { id: newJobId(), queue: DEFAULT_QUEUE, name: '' };
    this.attempt(part, () => {
      const { methodName, args } = recordInvocation(type, call);
      const handler = this.parts.registry.byMethod(type, methodName);
      const { options, delayMs } = read(handler);
      if (options.idempotencyKey !== undefined)
        throw new InvalidEnqueueOptionsError([KEY_IN_BATCH], handler);
      stored.name = handler.name;
      stored.queue = options.queue ?? handler.queue;
      stored.id = options.id ?? stored.id;
      if (options.id !== undefined) this.claimId({ ...stored, id: options.id });
      const keep = (job: PreparedJob): void => {
        if (job.unique !== undefined)
          throw new InvalidEnqueueOptionsError([UNIQUE_IN_BATCH], handler);
        this.prepared[place] = asPart(job, options.id === undefined, this.parts.createdAt);
      };
      const job = this.parts.preparer.prepare(
        handler,
        args,
        { ...options, id: stored.id },
        delayMs,
      );
      if (!(job instanceof Promise)) return keep(job);
      this.pending.push(job.then(keep).catch((error: unknown) => this.note(part, error as Error)));
    });
    return new JobHandle(stored.id, stored.queue, stored.name, this.parts.reader);
  }

  private claimId(job: { queue: string; id: string; name: string }): void {
    const key = `${job.queue}:${job.id}`;
    if (this.parts.takenIds.has(key)) throw new DuplicateJobError(job);
    this.parts.takenIds.add(key);
  }

  private attempt<R>(part: string, work: () => R): R | undefined {
    try {
      return work();
    } catch (error) {
      this.note(part, error as Error);
      return undefined;
    }
  }

  private note(part: string, error: Error): void {
    this.found.push({ part, error });
  }

  private refuseIfClosed(): void {
    if (!this.isClosed) return;
    throw new InvalidInvocationError(
      `Something was added to ${describeBatch(this)} too late: expected all of it before the callback that got the ` +
        'builder has returned, or its promise is resolved. Await what the callback waits for.',
    );
  }
}

function noCallback(build: unknown): InvalidInvocationError {
  return new InvalidInvocationError(
    `Expected a callback as in batch((b) => b.enqueue(EmailService, (s) => s.send(id))), got ${show(build)}.`,
  );
}

/** Reads the options of a job when its handler is known. */
type OptionsReader = (location: { name: string }) => DueOptions;

function enqueued(options: EnqueueOptions): OptionsReader {
  return (location) => ({ options: readEnqueueOptions(options, location), delayMs: 0 });
}

/** Ids of our own making need no proof of whose they are. */
function asPart(
  { data, opts, ...job }: PreparedJob,
  isOwnId: boolean,
  timestamp: number,
): PreparedJob {
  const { nonce, ...plain } = data;
  return {
    ...job,
    data: isOwnId || nonce === undefined ? plain : data,
    opts: { ...opts, timestamp },
  };
}
