import { AsyncLocalStorage } from 'node:async_hooks';
import { Inject, Injectable } from '@nestjs/common';
import { doneBy } from '../calling/index.js';
import type { RunningJob } from '../contracts/index.js';
import { describeJob } from '../errors/index.js';
import { Checkpoints } from '../execution/index.js';
import { JobLogger, messages } from '../logging/index.js';
import { JOBS_OPTIONS, type ResolvedOptions, type ReturnedValue } from '../options/index.js';
import { restoreValue, toStorableResult } from '../payload/index.js';
import { StoreCalls } from '../enqueueing/index.js';
import { CheckpointStore, type SteppedJob } from './checkpoint-store.js';

/** What one run of a job did and asked for. */
interface Steps {
  readonly results: Map<string, Promise<unknown>>;
  registered: Promise<void> | undefined;
}

/** The steps that the calling code is inside of. */
const openSteps = new AsyncLocalStorage<readonly string[]>();

/**
 * Does each step of a job once. Every step is asked for in the store right before it is done, and
 * the first result that is stored stays: a run that lost its lock without knowing meets what the
 * newer run did.
 * @internal
 */
@Injectable()
export class StoredCheckpoints extends Checkpoints {
  /** Only runs that ask for a step have an entry, and it goes with them. */
  private readonly runs = new WeakMap<RunningJob, Steps>();

  constructor(
    private readonly store: CheckpointStore,
    private readonly calls: StoreCalls,
    private readonly logger: JobLogger,
    @Inject(JOBS_OPTIONS) private readonly options: ResolvedOptions,
  ) {
    super();
  }

  once<T>(
    job: RunningJob,
    step: string,
    action: () => T | PromiseLike<T>,
  ): Promise<ReturnedValue<T>> {
    const open = openSteps.getStore() ?? [];
    if (open.includes(step)) return Promise.reject(nestedError(job, step));
    const { results } = this.stepsOf(job);
    let result = results.get(step);
    if (result === undefined) {
      const act = () => openSteps.run([...open, step], () => doneBy(action()));
      result = job.enqueuedAt === undefined ? inMemory(job, act) : this.stored(job, step, act);
      results.set(step, result);
      // What failed may be tried again in this run; whoever shares the call is told first.
      result.catch(() => results.delete(step));
    }
    return result as Promise<ReturnedValue<T>>;
  }

  private stepsOf(job: RunningJob): Steps {
    let steps = this.runs.get(job);
    if (steps === undefined) {
      steps = { results: new Map(), registered: undefined };
      this.runs.set(job, steps);
    }
    return steps;
  }

  private async stored(job: RunningJob, step: string, act: () => unknown): Promise<unknown> {
    const { queue, id, enqueuedAt } = job;
    const stepped = { queue, id, enqueuedAt: enqueuedAt! };
    const place = `step "${step}" of ${describeJob(job)}`;
    const [found] = await Promise.all([
      this.calls.read(`read ${place}`, () => this.store.find(stepped, step)),
      this.register(job, stepped),
    ]);
    if (found !== undefined) return restoreValue(JSON.parse(found));
    job.signal.throwIfAborted();
    const result = this.storable(job, step, await act());
    // While it was done, the job may have been removed and its steps forgotten: so they are found
    // again.
    const again = job.signal.aborted;
    const kept = await this.calls.read(`store ${place}`, async () => {
      if (again) await this.store.register(stepped);
      return this.store.keep(stepped, step, result);
    });
    return restoreValue(JSON.parse(kept));
  }

  /** Once a run. */
  private register(job: RunningJob, stepped: SteppedJob): Promise<void> {
    const steps = this.stepsOf(job);
    steps.registered ??= this.calls
      .read(`store steps of ${describeJob(job)}`, () => this.store.register(stepped))
      .catch((error: unknown) => {
        steps.registered = undefined;
        throw error;
      });
    return steps.registered;
  }

  private storable(job: RunningJob, step: string, returned: unknown): string {
    const { value, loss } = toStorableResult(returned, this.options.maxPayloadBytes);
    if (loss !== undefined) this.logger.warn(messages.stepNotKept(job, step, loss), job);
    return JSON.stringify(value);
  }
}

/** For a run that is stored nowhere, and comes once. */
async function inMemory(job: RunningJob, act: () => unknown): Promise<unknown> {
  job.signal.throwIfAborted();
  return act();
}

/** It would wait for itself without end. */
function nestedError(job: RunningJob, step: string): Error {
  return new TypeError(
    `JobContext.once() was called for the step "${step}" of ${describeJob(job)} inside of that very step: ` +
      'expected another name.',
  );
}
