import { monotonicNow } from '../timers/index.js';

/** Smaller differences are taken for none, so that jitter of the measurement changes nothing. */
const NEGLIGIBLE_MS = 100;

/** A measurement older than this is repeated at the next opportunity. */
const STALE_AFTER_MS = 30_000;

/**
 * The store's time, estimated without asking it each time. It is counted on this process's
 * monotonic clock from the last measurement, so a wall clock that is wrong, or is set while we run,
 * does not matter: a worker whose clock is ahead would otherwise take over the jobs of healthy
 * ones.
 * @internal
 */
export class StoreClock {
  /** Store time minus monotonic time; undefined before the first measurement. */
  private base: number | undefined;
  private measuredAt = Number.NEGATIVE_INFINITY;

  /** @param monotonic milliseconds since some fixed time */
  constructor(private readonly monotonic = monotonicNow) {}

  /** Notes that the store's clock showed a time between sending a question and its answer. */
  record(storeMs: number, sentAt: number, receivedAt: number): void {
    this.base = storeMs - (sentAt + receivedAt) / 2;
    this.measuredAt = receivedAt;
  }

  get isStale(): boolean {
    return this.monotonic() - this.measuredAt > STALE_AFTER_MS;
  }

  /** What to add to this process's wall clock to get the store's time, in whole milliseconds. */
  get offset(): number {
    if (this.base === undefined) return 0;
    const offset = Math.round(this.base + this.monotonic() - Date.now());
    return Math.abs(offset) < NEGLIGIBLE_MS ? 0 : offset;
  }
}
