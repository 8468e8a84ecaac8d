import type { StreamReadRaw } from 'bullmq';
import { SqliteStoreError } from '../errors/index.js';
import { nextDue } from '../jobs/claiming/claim-job.js';
import { eventsAfter, lastEventId } from '../jobs/queue/events.js';
import { isMaxed, isPaused } from '../jobs/queue/queue-settings.js';
import type { Transaction, Wait } from '../store/index.js';
import { after, monotonicNow, type Timer } from '../timers/index.js';
import type { Life } from './backend-life.js';

/**
 * What a worker waits for, in the words of BullMQ: member '0' for a ready job, '1' for a due one.
 */
export interface Marker {
  member: string;
  score: number;
}

const READY: Marker = { member: '0', score: 0 };

/** How long a worker that found the file unusable waits before it asks again, in ms. */
const UNUSABLE_PAUSE_MS = 500;

/** BullMQ's name for "what comes from now on". */
const FROM_NOW_ON = '$';

/**
 * The waits of one backend: for a job to run, and for events. Each looks at the tables first, then
 * sleeps until the queue has changed, and looks again: nothing is missed, and nothing is polled in
 * this process.
 */
export class JobWaits {
  readonly #waits = new Set<Wait>();
  #ended = false;

  constructor(
    private readonly life: Pick<Life, 'read' | 'waitForChange'>,
    private readonly queueName: string,
  ) {}

  /** Waits for a job that is ready or due, at most `seconds`. */
  async waitForJob(seconds: number): Promise<Marker | null> {
    const found = this.#wait(seconds * 1_000, async () => {
      const due = await this.life.read((tx) => availability(tx, this.queueName));
      if (due === undefined) return {};
      if (due <= Date.now()) return { found: due === 0 ? READY : { member: '1', score: due } };
      return { within: due - Date.now() };
    });
    return found.catch((error: unknown) => this.rethrowLater(error));
  }

  /**
   * Throws, but not at once when the file can't be used: a worker asks again as soon as it has an
   * answer, and would do nothing else.
   */
  async rethrowLater(error: unknown): Promise<never> {
    if (error instanceof SqliteStoreError && !this.#ended) {
      const wait = sleep(UNUSABLE_PAUSE_MS);
      this.#waits.add(wait);
      await wait.over;
      this.#waits.delete(wait);
    }
    throw error;
  }

  /** Reads the events after `id`, or waits for the next one, at most `milliseconds`; 0 for ever. */
  async readEvents(id: string, milliseconds: number): Promise<StreamReadRaw> {
    const { life, queueName } = this;
    const since = id === FROM_NOW_ON ? await life.read((tx) => lastEventId(tx, queueName)) : id;
    const longest = milliseconds > 0 ? milliseconds : Number.POSITIVE_INFINITY;
    return this.#wait(longest, async () => ({
      found: (await life.read((tx) => eventsAfter(tx, queueName, since))) ?? undefined,
    }));
  }

  /** Ends all waits, and those to come, until `allow()`. */
  end(): void {
    this.#ended = true;
    for (const wait of this.#waits) wait.end();
  }

  allow(): void {
    this.#ended = false;
  }

  /**
   * Looks, sleeps and looks again. A look may say `within` how many ms to look again at the latest.
   *
   * The sleep begins before the look: a look that shares a group with writes comes back after they
   * were told of.
   */
  async #wait<Found>(
    milliseconds: number,
    look: () => Promise<{ found?: Found | undefined; within?: number }>,
  ): Promise<Found | null> {
    const deadline = monotonicNow() + milliseconds;
    let left = milliseconds;
    while (!this.#ended && left > 0) {
      const wait = this.life.waitForChange(this.queueName, left);
      this.#waits.add(wait);
      let due: Timer | undefined;
      try {
        const { found, within = Number.POSITIVE_INFINITY } = await look();
        if (found !== undefined) return found;
        if (within < left) due = after(within, () => wait.end());
        await wait.over;
      } finally {
        due?.stop();
        wait.end();
        this.#waits.delete(wait);
      }
      left = deadline - monotonicNow();
    }
    return null;
  }
}

function sleep(milliseconds: number): Wait {
  const { promise: over, resolve } = Promise.withResolvers<boolean>();
  const timer = after(milliseconds, () => resolve(false));
  const end = (): void => {
    timer.stop();
    resolve(false);
  };
  return { over, end };
}

/**
 * When a worker can get a job: 0 for now, a time in ms for a delayed one, undefined for unknown.
 */
function availability(transaction: Transaction, queueName: string): number | undefined {
  const queue = transaction.queue(queueName);
  const { waiting, prioritized } = queue.counts;
  const open = !isPaused(transaction, queue) && !isMaxed(transaction, queue);
  return open && waiting + prioritized > 0 ? 0 : nextDue(transaction, queue, Date.now());
}
