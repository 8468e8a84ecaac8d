import { inspect } from 'node:util';
import type { HandlerClass } from '../discovery/index.js';
import { InvalidInvocationError } from '../errors/index.js';
import {
  show,
  type ContinuationMoment,
  type ContinuationValue,
  type ReturnedValue,
} from '../options/index.js';
import type { Continuations, ContinueOptions, ReadStep } from '../continuations/index.js';
import type { JobHandle } from '../enqueueing/index.js';

const NOT_AWAITED =
  'Expected .enqueue() at the end of a chain of jobs, got an await of the chain itself. Nothing was stored.';

/**
 * Jobs that run one after the other, as `JobScheduler.chain()` begins it. Each step can use what
 * the one before it returned. Nothing is stored before `enqueue()`.
 * @typeParam R what the last step so far returns
 * @publicApi
 */
export class JobChain<R> {
  readonly #continuations: Continuations;
  readonly #steps: readonly ReadStep[];

  /** @internal */
  constructor(continuations: Continuations, steps: readonly ReadStep[] = []) {
    this.#continuations = continuations;
    this.#steps = steps;
  }

  /**
   * Adds a step. Its arguments are stored as they are now. (A chain is no promise: `await` on it
   * rejects.)
   * @param call makes exactly one call: `(s, order) => s.ship(order.id)`. Its second parameter
   *   stands for what the step before returns, and can be passed on, whole or a property of it
   * @param options `on` says how the step before must end, default `completed`; not of the first
   *   step
   * @returns a new chain; this one stays as it is
   */
  // oxlint-disable-next-line unicorn/no-thenable -- the word that users expect; an await of it is refused
  then<T extends object, O, On extends ContinuationMoment = 'completed'>(
    type: HandlerClass<T>,
    call: (service: T, value: ContinuationValue<R, On>) => O,
    options: ContinueOptions<On> = {},
  ): JobChain<ReturnedValue<O>> {
    if (isAwait(type, call)) {
      // Called as the `then` of a promise, of which the second argument rejects.
      (call as unknown as (error: Error) => void)(new InvalidInvocationError(NOT_AWAITED));
      return undefined as never;
    }
    if (typeof options !== 'object' || options === null)
      throw new InvalidInvocationError(`Expected options of a step, got ${show(options)}.`);
    const step = this.#continuations.readStep(type, call, options, this.#steps.length === 0);
    return new JobChain(this.#continuations, [...this.#steps, step]);
  }

  /**
   * Stores all steps, or none of them. The first one runs as soon as a worker is free.
   * @returns the handle of the last step
   * @throws as `JobScheduler.enqueue` and `continueWith`; InvalidInvocationError for a chain
   *   without steps
   */
  enqueue(): Promise<JobHandle<R>> {
    return this.#continuations.enqueueChain(this.#steps) as Promise<JobHandle<R>>;
  }

  /** How many steps it has. */
  toJSON(): { steps: number } {
    return { steps: this.#steps.length };
  }

  /** For logs: `JobChain { steps: 2 }`. */
  [inspect.custom](): string {
    return `JobChain { steps: ${this.#steps.length} }`;
  }
}

/** A promise's own functions, which `await` passes, are no classes: they have no prototype. */
function isAwait(type: unknown, call: unknown): boolean {
  return (
    typeof type === 'function' && !Object.hasOwn(type, 'prototype') && typeof call === 'function'
  );
}
