import { replaceText } from './plain-values.js';
import { PREFIX, type QueueName } from './recorded-call.js';
import type { Side } from './side.js';

/** The fields of an event, flat as Redis gives them: [name, value, name, value, …]. */
export type EventFields = readonly string[];

/** Published before each read: a read that finds nothing would wait. */
const SENTINEL = { event: 'differential-sentinel' };
const MAX_EVENTS = 10_000;

/** Follows the events of one queue on one side, as QueueEvents does. */
export class EventReader {
  #lastId = '0-0';
  #unorderedRemovals = false;

  constructor(
    private readonly side: Side,
    private readonly queue: QueueName,
  ) {}

  /** The events since the last read, without their ids. */
  async read(): Promise<EventFields[]> {
    const backend = this.side.queue(this.queue);
    await backend.publishEvent(SENTINEL, MAX_EVENTS);
    const streams = await backend.readEvents(this.#lastId, 5);
    const entries = streams?.[0]?.[1] ?? [];
    this.#lastId = entries.at(-1)?.[0] ?? this.#lastId;
    const fields = entries.map(([, flat]) => flat);
    const events = replaceText(fields, this.side.prefix, PREFIX) as EventFields[];
    const result = this.#unorderedRemovals ? sortRemovals(events) : events;
    this.#unorderedRemovals = false;
    return result;
  }

  /**
   * The stream was deleted: Redis starts its ids again at the time of day, others may start at 1.
   */
  startAgain(): void {
    this.#lastId = '0-0';
  }

  /**
   * The next events hold the removal of a tree, whose children come in the order of a Redis set:
   * none.
   */
  expectUnorderedRemovals(): void {
    this.#unorderedRemovals = true;
  }
}

/** Sorts each run of the events that the removal of children emits. */
function sortRemovals(events: EventFields[]): EventFields[] {
  const result: EventFields[] = [];
  let run: string[] = [];
  const endRun = (): void => {
    result.push(...run.toSorted().map((text) => JSON.parse(text) as EventFields));
    run = [];
  };
  for (const event of events) {
    if (isRemoval(event)) {
      run.push(JSON.stringify(event));
    } else {
      endRun();
      result.push(event);
    }
  }
  endRun();
  return result;
}

/** "removed", or "waiting" of the parent that has lost its last child. */
function isRemoval(event: EventFields): boolean {
  return event[1] === 'removed' || (event[1] === 'waiting' && event.at(-1) === 'waiting-children');
}
