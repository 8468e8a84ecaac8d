import { isNotConnectionError } from 'bullmq';
import { pause } from '../timers/index.js';

const PAUSE_MS = 1_000;

/**
 * Holds back a claim's error for a while. BullMQ's worker waits after a connection error alone: on
 * any other one it claims again at once, and one that lasts (a dropped table, a right withdrawn)
 * would make it spin and flood the log.
 * @internal
 */
export class ClaimPause {
  private ending = new AbortController();

  /** Waits, unless BullMQ's worker does so itself or is about to end. */
  async after(error: unknown): Promise<void> {
    if (error instanceof Error && !isNotConnectionError(error)) return;
    const { signal } = this.ending;
    await pause(PAUSE_MS, { signal });
  }

  /** Ends the wait of now, and those to come until `allow()`. */
  end(): void {
    this.ending.abort();
  }

  allow(): void {
    if (this.ending.signal.aborted) this.ending = new AbortController();
  }
}
