import type { Call, QueueName, SideOptions } from '../harness/recorded-call.js';
import type { SeededRandom } from '../harness/seeded-random.js';
import type { KnownJobs } from './known-jobs.js';

/** Longer than any run, on a server's clock and on the controlled one alike. */
export const FOREVER_MS = 300_000_000_000;

/** What a call is made up from. */
export interface World {
  readonly random: SeededRandom;
  readonly now: number;
  readonly jobs: KnownJobs;
  readonly options: SideOptions;
  /** A number that was not used before. */
  unique(): number;
}

/** A call without its time; undefined when there is nothing to call this for. */
export type Plan = Omit<Call, 'at'> | undefined;

/** Makes up calls of one kind. */
export interface CallKind {
  readonly weight: number;
  readonly plan: (world: World, queue: QueueName) => Plan | Promise<Plan>;
}

export function plan(queue: QueueName, method: string, ...args: unknown[]): Plan {
  return { queue, method, args };
}
