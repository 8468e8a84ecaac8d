import { type Outcome, perform } from './call-performer.js';
import { EventReader } from './event-reader.js';
import { removesTrees } from './known-differences.js';
import { isEqual } from './plain-values.js';
import {
  jobsInEvents,
  listsOf,
  type Snapshot,
  snapshotJobs,
  snapshotQueue,
} from './queue-snapshot.js';
import { type Call, QUEUES, type QueueName } from './recorded-call.js';
import type { Side } from './side.js';
import { TouchedJobs } from './touched-jobs.js';

/** One thing that the two sides do not agree on. */
export interface Difference {
  /** 'result' of a call, or what of a queue. */
  readonly what: string;
  readonly reference: unknown;
  readonly candidate: unknown;
}

type Readers = Record<QueueName, EventReader>;

/** Both sides of a run, side by side. */
export class ComparedPair {
  readonly #touched = new TouchedJobs();
  readonly #sides: readonly { side: Side; readers: Readers }[];

  constructor(
    readonly reference: Side,
    readonly candidate: Side,
  ) {
    this.#sides = [reference, candidate].map((side) => ({ side, readers: readersOf(side) }));
  }

  /** Makes a call on both sides. */
  async call(call: Call): Promise<{ outcome: Outcome; differences: Difference[] }> {
    const [reference, candidate] = await Promise.all([
      perform(call, this.reference),
      perform(call, this.candidate),
    ]);
    this.#touched.note(call, reference);
    this.#followEvents(call, reference);
    const differences = isEqual(reference, candidate)
      ? []
      : [{ what: `result of ${call.method}`, reference, candidate }];
    return { outcome: reference, differences };
  }

  /** Compares everything that can be seen, of jobs those alone that may have changed. */
  async compare(seen: (queue: QueueName, lists: string[][]) => void): Promise<Difference[]> {
    const differences: Difference[] = [];
    const [reference = [], candidate = []] = await Promise.all(
      this.#sides.map(({ side, readers }) =>
        Promise.all(QUEUES.map((queue) => snapshotQueue(side, queue, readers[queue]))),
      ),
    );
    for (const [index, queue] of QUEUES.entries()) {
      const snapshot = reference[index] ?? {};
      differences.push(...differencesOf(snapshot, candidate[index] ?? {}));
      for (const jobId of jobsInEvents(snapshot, queue)) this.#touched.noteJob(queue, jobId);
      seen(queue, listsOf(snapshot, queue));
    }
    return [...differences, ...(await this.#compareJobs()), ...(await this.#compareJobs())];
  }

  /** As compare(), with every job that ever was. */
  compareAll(): Promise<Difference[]> {
    this.#touched.touchAll();
    return this.compare(() => undefined);
  }

  /** A second round finds the parents that the first one came across. */
  async #compareJobs(): Promise<Difference[]> {
    const jobIds = QUEUES.map((queue) => ({ queue, ids: this.#touched.take(queue) }));
    const [reference = {}, candidate = {}] = await Promise.all(
      this.#sides.map(async ({ side }) => {
        const parts = await Promise.all(
          jobIds.map(({ queue, ids }) => snapshotJobs(side, queue, ids)),
        );
        return Object.assign({}, ...parts) as Snapshot;
      }),
    );
    const looked = new Set(jobIds.flatMap(({ queue, ids }) => ids.map((id) => `${queue}:${id}`)));
    for (const job of Object.values(reference)) this.#touched.noteParentOf(job, looked);
    return differencesOf(reference, candidate);
  }

  #followEvents(call: Call, outcome: Outcome): void {
    const readers = this.#sides.flatMap((side) => QUEUES.map((queue) => side.readers[queue]));
    if (removesTrees(call)) {
      for (const reader of readers) reader.expectUnorderedRemovals();
    }
    if (call.method === 'obliterate' && 'value' in outcome && outcome.value === 0) {
      for (const { readers: own } of this.#sides) own[call.queue].startAgain();
    }
  }
}

function readersOf(side: Side): Readers {
  return {
    a: new EventReader(side, 'a'),
    b: new EventReader(side, 'b'),
    c: new EventReader(side, 'c'),
  };
}

function differencesOf(reference: Snapshot, candidate: Snapshot): Difference[] {
  return Object.keys(reference)
    .filter((name) => !isEqual(reference[name], candidate[name]))
    .map((name) => ({ what: name, reference: reference[name], candidate: candidate[name] }));
}
