import { Inject, Injectable } from '@nestjs/common';
import { HandlerRegistry, type Handler, type HandlerClass } from '../discovery/index.js';
import { InvalidEnqueueOptionsError } from '../errors/index.js';
import {
  kindOfOther,
  JOBS_OPTIONS,
  rules,
  show,
  takeOptions,
  type ContinuationMoment,
  type ResolvedOptions,
} from '../options/index.js';
import { deserializeArguments, serializeArguments } from '../payload/index.js';
import type { JobOutcome, StoredChild } from '../hubs/index.js';
import {
  JobPreparer,
  recordInvocation,
  readEnqueueOptions,
  type EnqueueOptions,
  type PreparedJob,
} from '../enqueueing/index.js';
import { extractSlots, fillSlots, type Slot } from './argument-slots.js';
import type { ContinueOptions } from './continue-options.js';
import { withKnownKey } from './known-key.js';
import type { StoredContinuation } from './stored-continuation.js';

/** A continuation that does not say yet what it follows. @internal */
export type UnlinkedContinuation = Omit<StoredContinuation, 'after'>;

/** A call of a continuation as it was made. @internal */
export interface ReadCall {
  readonly handler: Handler;
  readonly args: readonly unknown[];
  readonly slots: readonly Slot[];
  readonly on: ContinuationMoment;
  readonly options: EnqueueOptions;
}

/**
 * Makes the jobs of continuations: as far as they are known when they are asked for, and whole when
 * what they follow has ended.
 * @internal
 */
@Injectable()
export class ContinuationJobs {
  constructor(
    private readonly registry: HandlerRegistry,
    private readonly preparer: JobPreparer,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {}

  /**
   * Reads what is asked for, which may change from then on, and checks all of it but the arguments.
   * @param value what the callback's second parameter is
   */
  read(
    type: HandlerClass,
    call: (service: never, value: never) => unknown,
    given: ContinueOptions,
    value: unknown,
  ): ReadCall {
    const taken = takeOptions(given);
    const { on = 'completed', ...rest } = taken;
    // What is no object of options has none to take apart: it is refused as it is.
    const others = kindOfOther(taken) === undefined ? rest : taken;
    const invocation =
      typeof call === 'function'
        ? recordInvocation(type, (service) => call(service as never, value as never))
        : recordInvocation(type, call);
    const handler = this.registry.byMethod(type, invocation.methodName);
    const options = readEnqueueOptions(others, handler);
    const faults = [
      ...(rules.continuationMoment.accepts(on)
        ? []
        : [`options: "on" expected ${rules.continuationMoment.expected}, got ${show(on)}`]),
      // The key would be taken when it is enqueued, long after the call could be told of the job
      // that has it.
      ...('idempotencyKey' in options
        ? [
            'options: "idempotencyKey" expected enqueue(); a continuation is stored once by its "id"',
          ]
        : []),
    ];
    if (faults.length > 0) throw new InvalidEnqueueOptionsError(faults, handler);
    const { args, slots } = extractSlots(invocation.args);
    const stored = serializeArguments(args, handler, this.options.maxPayloadBytes);
    return { handler, args: deserializeArguments(stored), slots, on, options };
  }

  /** Makes a job of what was read. */
  async prepare({ handler, args, slots, on, options }: ReadCall): Promise<UnlinkedContinuation> {
    // Arguments that are not all known are checked when the job runs.
    const checked =
      slots.length === 0
        ? handler
        : withoutArguments(
            handler,
            options.unique === undefined ? withKnownKey(handler, args, slots) : undefined,
          );
    const job = await this.preparer.prepare(checked, args, options, 0);
    return { job, on, slots, at: Date.now() };
  }

  /**
   * A continuation that `@Continuation()` declares: its one argument is what became of the job
   * before.
   */
  async prepareDeclared(
    handler: Handler,
    on: StoredContinuation['on'],
    context: unknown,
  ): Promise<UnlinkedContinuation> {
    // A boot refuses those of which the key needs the argument.
    const known = withoutArguments(handler, handler.unique);
    const job = await this.preparer.prepare(known, [null], {}, 0);
    const { context: _, ...data } = job.data;
    return {
      job: { ...job, data: { ...data, ...(context !== undefined && { context }) } },
      on,
      slots: [{ at: [0], of: 0, path: [] }],
      at: Date.now(),
    };
  }

  /**
   * The job as it is enqueued.
   * @throws PayloadTooLargeError, UnserializableValueError
   */
  complete({ job, slots, on }: StoredContinuation, outcomes: readonly JobOutcome[]): PreparedJob {
    if (slots.length === 0) return { ...job, data: { ...job.data, continues: true } };
    const args = fillSlots(deserializeArguments(job.data), slots, outcomes, on);
    const { args: _args, meta: _meta, ...rest } = job.data;
    const stored = serializeArguments(args, job, this.options.maxPayloadBytes);
    return { ...job, data: { ...rest, ...stored, continues: true } };
  }
}

/** How links name a job. @internal */
export function linkTo({ queue, id, name }: PreparedJob): StoredChild {
  return { queue, id, name };
}

/**
 * What is made of arguments that are not all known yet is left to the run: checks, and the keys of
 * limits. `unique` cannot be: it counts when a job is stored.
 */
function withoutArguments(handler: Handler, unique: Handler['unique']): Handler {
  return { ...handler, schemas: [], concurrency: undefined, rateLimit: undefined, unique };
}
