import { monotonicNow } from '../timers/index.js';
/** One that failed so often in a row is a fault. */
const FAILURES_OF_A_FAULT = 2;

/** What failed this long ago, and was not met again, is gone or is another process's. */
const FORGOTTEN_MS = 15 * 60_000;

/** More than this is not remembered item by item. */
const MOST_REMEMBERED = 1_000;

/** What a failure of a round as a whole is remembered under. */
const ROUND = '';

/** What a repair tells. @internal */
export interface RepairListener {
  /** A failure that was not met before: to be logged. */
  onFault(repair: string, item: string, error: Error): void;
  /** The store was lost: neither a fault of the repair nor of an item. */
  onOutage(error: Error): void;
  isOutage(error: unknown): boolean;
}

interface Failure {
  readonly reason: string;
  readonly times: number;
  readonly at: number;
}

/**
 * Something that is done again and again to put right what a crash, a stranger or a bug left
 * behind: one bad item must not keep it from the others, what fails is logged once and not each
 * time, and what fails twice in a row is told by the health check.
 * @internal
 */
export class Repair {
  private readonly failures = new Map<string, Failure>();

  constructor(
    readonly name: string,
    private readonly listener: RepairListener,
  ) {}

  /**
   * Does a round of repairs. Never rejects.
   * @returns whether it came to its end, whatever happened to single items
   */
  async round(work: (round: RepairRound) => Promise<unknown>): Promise<boolean> {
    try {
      await work(this);
      this.failures.delete(ROUND);
      return true;
    } catch (error) {
      this.failed(ROUND, error);
      return false;
    }
  }

  /** Deals with one item of a round. @throws only when the store is lost, so that the round ends */
  async one(item: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
      this.failures.delete(item);
    } catch (error) {
      if (this.listener.isOutage(error)) throw error;
      this.failed(item, error);
    }
  }

  /** Deals with items one after the other. */
  async each<Item>(
    items: Iterable<Item>,
    nameOf: (item: Item) => string,
    work: (item: Item) => Promise<unknown>,
  ): Promise<void> {
    for (const item of items) await this.one(nameOf(item), () => work(item));
  }

  /** An item, or (`''`) a round, failed. */
  failed(item: string, thrown: unknown): void {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (this.listener.isOutage(error)) return this.listener.onOutage(error);
    this.forgetOld();
    const reason = error.message;
    const isKnown = [...this.failures.values()].some((failure) => failure.reason === reason);
    const times = (this.failures.get(item)?.times ?? 0) + 1;
    if (this.failures.has(item) || this.failures.size < MOST_REMEMBERED)
      this.failures.set(item, { reason, times, at: monotonicNow() });
    if (!isKnown) this.listener.onFault(this.name, item, error);
  }

  /** Why rounds fail as a whole; undefined when they do not. */
  get fault(): string | undefined {
    const failure = this.failures.get(ROUND);
    if (failure === undefined || failure.times < FAILURES_OF_A_FAULT) return undefined;
    return `${this.name}: ${failure.times} rounds in a row have failed: ${failure.reason}`;
  }

  /** What cannot be repaired, in words; undefined when there is nothing. */
  get leftBroken(): string | undefined {
    this.forgetOld();
    const broken = [...this.failures].filter(
      ([item, { times }]) => item !== ROUND && times >= FAILURES_OF_A_FAULT,
    );
    const [first] = broken;
    if (first === undefined) return undefined;
    return `${this.name}: ${broken.length} cannot be dealt with, the first is ${first[0]}: ${first[1].reason}`;
  }

  private forgetOld(): void {
    const before = monotonicNow() - FORGOTTEN_MS;
    for (const [item, { at }] of this.failures) if (at < before) this.failures.delete(item);
  }
}

/** A round that goes on. @internal */
export type RepairRound = Pick<Repair, 'one' | 'each' | 'failed'>;
