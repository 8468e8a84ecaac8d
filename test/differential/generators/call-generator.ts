import type { Outcome } from '../harness/call-performer.js';
import type { CallSource } from '../harness/call-source.js';
import { stepsOf } from '../harness/composite-calls.js';
import { type ControlledClock, START_OF_TIME } from '../harness/controlled-clock.js';
import { type Call, QUEUES, type QueueName, type SideOptions } from '../harness/recorded-call.js';
import type { SeededRandom } from '../harness/seeded-random.js';
import { ADDING, DEDUPLICATING } from './adding-calls.js';
import type { CallKind } from './call-world.js';
import { FOREVER_MS } from './call-world.js';
import { CHANGING, REMOVING } from './changing-calls.js';
import { FLOWS } from './flow-calls.js';
import { KnownJobs } from './known-jobs.js';
import { READING } from './reading-calls.js';
import { SCHEDULERS } from './scheduler-calls.js';
import { SETTINGS, UPKEEP } from './upkeep-calls.js';
import { STALLING, WORKING } from './working-calls.js';

interface Group {
  readonly weight: number;
  readonly kinds: readonly CallKind[];
}

const GROUPS: readonly Group[] = [
  { weight: 20, kinds: ADDING },
  { weight: 8, kinds: DEDUPLICATING },
  { weight: 6, kinds: FLOWS },
  { weight: 44, kinds: WORKING },
  { weight: 3, kinds: STALLING },
  { weight: 10, kinds: CHANGING },
  { weight: 4, kinds: REMOVING },
  { weight: 3, kinds: UPKEEP },
  { weight: 4, kinds: SETTINGS },
  { weight: 8, kinds: SCHEDULERS },
  { weight: 10, kinds: READING },
];

const STALLED_INTERVAL_MS = 30_000;

/** How far time goes on before a call. */
const STEPS = [
  { weight: 50, lowest: 0, highest: 0 },
  { weight: 25, lowest: 1, highest: 50 },
  { weight: 18, lowest: 500, highest: 5_000 },
  { weight: 6, lowest: 60_000, highest: 600_000 },
  { weight: 1, lowest: 3_600_000, highest: 21_600_000 },
] as const;

const QUEUE_WEIGHTS = [
  { weight: 6, queue: QUEUES[0] },
  { weight: 3, queue: QUEUES[1] },
  { weight: 2, queue: QUEUES[2] },
] as const;

/** Makes up a sequence as it runs: later calls are about the jobs that earlier ones made. */
export class CallGenerator implements CallSource {
  readonly #jobs = new KnownJobs();
  readonly #groups: readonly Group[];
  #now = START_OF_TIME;
  #left: number;
  #unique = 0;

  constructor(
    private readonly random: SeededRandom,
    private readonly clock: ControlledClock,
    private readonly options: SideOptions,
    length: number,
  ) {
    this.#left = length;
    // Each sequence has a character of its own: what is rare in all of them together meets in some.
    this.#groups = GROUPS.map(({ weight, kinds }) => {
      return { weight: weight * random.pick([0.3, 1, 1, 4]), kinds };
    });
  }

  async next(): Promise<Call | undefined> {
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    const { lowest, highest } = this.random.weighted(STEPS);
    this.#now += this.random.int(lowest, highest);
    // The builders below ask for the time, too.
    this.clock.set(this.#now);
    for (;;) {
      const { kinds } = this.random.weighted(this.#groups);
      const { queue } = this.random.weighted(QUEUE_WEIGHTS);
      const planned = await this.random.weighted(kinds).plan(this.#world(), queue);
      if (planned) {
        const call = { ...planned, at: this.#now };
        this.#now = stepsOf(call, this.options).at(-1)?.at ?? this.#now;
        return call;
      }
    }
  }

  learn(call: Call, outcome: Outcome): void {
    this.#jobs.learn(call, outcome);
  }

  see(queue: QueueName, lists: string[][]): void {
    this.#jobs.see(queue, lists);
  }

  #world() {
    return {
      random: this.random,
      now: this.#now,
      jobs: this.#jobs,
      options: this.options,
      unique: () => {
        this.#unique += 1;
        return this.#unique;
      },
    };
  }
}

/** What the workers of a sequence were started with. */
export function someOptions(random: SeededRandom): SideOptions {
  const options: SideOptions = {
    lockDuration: FOREVER_MS,
    maxStalledCount: random.pick([0, 1, 2]),
    stalledInterval: STALLED_INTERVAL_MS,
  };
  if (random.chance(0.15)) options.limiter = { max: random.int(1, 30), duration: FOREVER_MS };
  if (random.chance(0.4)) options.metrics = { maxDataPoints: random.pick([3, 10]) };
  if (random.chance(0.2)) options.removeOnComplete = { count: random.int(0, 4) };
  if (random.chance(0.2)) options.removeOnFail = { age: 600 };
  return options;
}
