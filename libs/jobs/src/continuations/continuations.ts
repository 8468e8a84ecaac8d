import { Injectable } from '@nestjs/common';
import type { HandlerClass } from '../discovery/index.js';
import { QueueRegistry } from '../engines/index.js';
import {
  DuplicateJobError,
  InvalidEnqueueOptionsError,
  InvalidInvocationError,
  JobNotFoundError,
} from '../errors/index.js';
import { HubQueue, type StoredChild } from '../hubs/index.js';
import type { ContinuationMoment } from '../options/index.js';
import {
  assertStoredByUs,
  JobHandle,
  JobReader,
  JobWriter,
  readJobRef,
  StoreCalls,
  type HandleOf,
  type JobRef,
  type PreparedJob,
} from '../enqueueing/index.js';
import { ContinuationBook } from './continuation-book.js';
import { ContinuationJobs, linkTo, type ReadCall } from './continuation-jobs.js';
import type { Antecedents, ContinuationValues, ContinueOptions } from './continue-options.js';
import { LinkAttachment } from './link-attachment.js';
import { LinkBook } from './link-book.js';
import { hubOf } from './link-hub.js';
import { createPlaceholder } from './placeholder.js';

/** A step of a chain, or why it is none. @internal */
export type ReadStep =
  { readonly call: ReadCall } | { readonly call?: undefined; readonly fault: unknown };

/** The steps behind it would wait for the other job's end, or for a job that is not there. */
const UNIQUE_FIRST =
  'expected a first step that is not `unique`, in whose place another job may be: enqueue() it, and continueWith() its handle';

/**
 * What `JobScheduler` needs of continuations; the feature provides it.
 * @internal
 */
@Injectable()
export class Continuations {
  /** @internal */
  constructor(
    private readonly jobs: ContinuationJobs,
    private readonly book: ContinuationBook,
    private readonly links: LinkBook,
    private readonly attachment: LinkAttachment,
    private readonly hubs: HubQueue,
    private readonly queues: QueueRegistry,
    private readonly reader: JobReader,
    private readonly writer: JobWriter,
    private readonly calls: StoreCalls,
  ) {}

  async continueWith<
    const A extends Antecedents,
    T extends object,
    R,
    On extends ContinuationMoment = 'completed',
  >(
    after: A,
    type: HandlerClass<T>,
    call: (service: T, value: ContinuationValues<A, On>) => R,
    options: ContinueOptions<On>,
  ): Promise<HandleOf<R>> {
    const isList = Array.isArray(after);
    const given = (isList ? after : [after]) as readonly JobRef[];
    const refs = given.map((ref) => readJobRef(ref, 'to continue'));
    if (refs.length === 0)
      throw new InvalidInvocationError('Expected at least one job to continue, got an empty list.');
    const parameter = isList ? 'results' : 'result';
    const values = refs.map((_, place) => createPlaceholder(place, [], parameter));
    const continuation = await this.jobs.prepare(
      this.jobs.read(type, call, options, isList ? values : values[0]),
    );
    const antecedents = await Promise.all(refs.map((ref) => this.locate(ref)));
    await this.refuseTaken(continuation.job);
    await this.book.create({ ...continuation, after: antecedents });
    for (const antecedent of antecedents) {
      const links = await this.links.add(antecedent, [linkTo(continuation.job)]);
      await this.calls.change('attach a continuation', () => this.attachment.attach(links));
    }
    return this.handle(continuation.job) as HandleOf<R>;
  }

  /**
   * Reads a step of a chain when it is asked for: what its values become later does not matter.
   * @returns the step, or its fault, which `enqueueChain` tells of; nobody else needs to know what
   *   is in it
   */
  readStep(
    type: HandlerClass,
    call: (service: never, value: never) => unknown,
    options: ContinueOptions,
    isFirst: boolean,
  ): ReadStep {
    try {
      return {
        call: this.jobs.read(type, call, options, isFirst ? undefined : createPlaceholder(0)),
      };
    } catch (fault) {
      return { fault };
    }
  }

  /**
   * Stores all steps, or none.
   * @param steps as `readStep` returned them
   * @returns the handle of the last one
   */
  async enqueueChain(steps: readonly ReadStep[]): Promise<JobHandle> {
    const calls = steps.map((step) => {
      if (step.call === undefined) throw step.fault;
      return step.call;
    });
    const prepared = await Promise.all(calls.map((call) => this.jobs.prepare(call)));
    for (const { job } of prepared) await this.refuseTaken(job);
    const [first, ...rest] = prepared;
    if (first === undefined)
      throw new InvalidInvocationError(
        'Expected at least one step before enqueue(), as in chain().then(OrderService, (s) => s.process(id)).',
      );
    if (first.job.unique !== undefined && rest.length > 0)
      throw new InvalidEnqueueOptionsError([UNIQUE_FIRST], first.job);
    if (rest.length === 0) {
      await this.writer.write(first.job);
      return this.handle(first.job);
    }
    // Nothing runs before the first job is stored, which is the last thing that is done.
    const links = [];
    for (const [index, continuation] of rest.entries()) {
      const antecedent = linkTo(prepared[index]!.job);
      await this.book.create({ ...continuation, after: [antecedent] });
      links.push(await this.links.add(antecedent, [linkTo(continuation.job)]));
    }
    await this.hubs.addWith(hubOf(links[0]!), [first.job]);
    if (first.job.data.nonce !== undefined) await this.refuseForeign(first.job, rest[0]!.job);
    return this.handle(prepared.at(-1)!.job);
  }

  /**
   * A failed job is about to be retried: what was skipped because of its failure waits for it
   * again.
   */
  async revive(job: { readonly queue: string; readonly id: string }): Promise<void> {
    const read = await this.links.read(job);
    if (read?.links.skipped) await this.attachment.revive(read);
  }

  /** @throws JobNotFoundError */
  private async locate(ref: JobRef): Promise<StoredChild> {
    const found = await this.reader.locate(ref);
    if (found === undefined)
      throw new JobNotFoundError(typeof ref === 'string' ? { id: ref } : ref);
    return found;
  }

  /** An id that the caller chose is refused now, not when the job before has ended. */
  private async refuseTaken(job: PreparedJob): Promise<void> {
    if (job.data.nonce !== undefined && (await this.reader.locate(job)) !== undefined)
      throw new DuplicateJobError(job);
  }

  /**
   * A job of someone else that took the id of the first step at the same moment must not be
   * followed.
   */
  private async refuseForeign(first: PreparedJob, second: PreparedJob): Promise<void> {
    try {
      await assertStoredByUs(this.queues.get(first.queue), first);
    } catch (error) {
      await this.book.cancel(second, 'its chain was not stored');
      throw error;
    }
  }

  private handle({ id, queue, name, storedAs = id, storedIn = queue }: PreparedJob): JobHandle {
    return new JobHandle(storedAs, storedIn, name, this.reader);
  }
}
