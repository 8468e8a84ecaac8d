import type { Outcome } from './call-performer.js';
import type { Call, QueueName } from './recorded-call.js';

/** Where a run takes its calls from: made up as it goes, or recorded. */
export interface CallSource {
  next(): Promise<Call | undefined>;
  /** Hears what became of each call on the reference. */
  learn(call: Call, outcome: Outcome): void;
  /** Sees a queue's lists by state, now and then. */
  see(queue: QueueName, lists: string[][]): void;
}

/** The calls of an earlier run, or some of them. */
export class RecordedCalls implements CallSource {
  #position = 0;

  constructor(private readonly calls: readonly Call[]) {}

  next(): Promise<Call | undefined> {
    const call = this.calls[this.#position];
    this.#position += 1;
    return Promise.resolve(call);
  }

  learn(): void {}

  see(): void {}
}
